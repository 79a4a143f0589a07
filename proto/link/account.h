/* account - how many bytes wait in ZeroMQ's queues, whose bounds count messages alone.
 *
 * Each message is built with account_message and is on its accounts (of its receiver, of the line,
 * of all) until ZeroMQ lets go of it:
 * when its I/O thread has encrypted it for the line, or the connection has ended. An account lives
 * until it was dropped and the last message on it is gone.
 *
 * Any thread may let go of a message; all else is one thread's.
 */
#pragma once

#include "proto/base/bytes.h"

struct account;

/* is_awaited: account_await is going to be called, which takes a descriptor. NULL: no memory. */
struct account *account_new(bool is_awaited);
/* The owner's end of it; NULL: nothing happens. */
void account_drop(struct account *account);
size_t account_bytes(const struct account *account);
/* Readable once account_await was called and no more than half of limit is on the account. */
int account_fd(const struct account *account); /* -1: it is not awaited */
void account_await(struct account *account, size_t limit);
/* True: it was readable, and is as before the next account_await. */
bool account_awaited(struct account *account);
enum { ACCOUNTS_MAX = 3 };

/* message: a zmq_msg_t that is not initialised; a copy of bytes, on all accounts of the list that
 * are not NULL. False: no memory. */
bool account_message(struct account *const accounts[ACCOUNTS_MAX], struct bytes bytes,
                     void *message);
