/* Bytes that wait in ZeroMQ to be sent, counted for their owners: ZeroMQ's own bound is in
 * messages, and a message here may be a few bytes or a megabyte. It is let go by ZeroMQ's own
 * thread, so counters are atomic and the account lives until the last message of it has gone.
 *
 * account_await asks to be woken once half of the limit is free: one wake for many messages. */
#include "proto/link/account.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zmq.h>

struct account {
    atomic_size_t bytes;
    atomic_size_t references; /* the owner and each message */
    atomic_size_t awaited;    /* bytes at which the owner is woken, and 1; 0: it does not wait */
    int event;
};

struct entry { /* a message's; its bytes follow */
    struct account *accounts[ACCOUNTS_MAX];
    size_t size;
    uint8_t bytes[];
};

struct account *account_new(bool is_awaited)
{
    struct account *account = calloc(1, sizeof *account);
    if (account == NULL)
        return NULL;
    account->event = is_awaited ? eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) : -1;
    atomic_init(&account->references, 1);
    if (account->event >= 0 || !is_awaited)
        return account;
    free(account);
    return NULL;
}

void account_drop(struct account *account)
{
    if (account == NULL || atomic_fetch_sub(&account->references, 1) > 1)
        return;
    if (account->event >= 0)
        (void)close(account->event);
    free(account);
}

size_t account_bytes(const struct account *account)
{
    return atomic_load(&account->bytes);
}

int account_fd(const struct account *account)
{
    return account->event;
}

/* The exchange lets exactly one of ZeroMQ's threads write the event, however many messages go at
 * the same moment. */
static void wake(struct account *account, size_t bytes)
{
    size_t awaited = atomic_load(&account->awaited);
    if (awaited == 0 || bytes >= awaited)
        return;
    if (atomic_exchange(&account->awaited, 0) != 0)
        (void)eventfd_write(account->event, 1);
}

void account_await(struct account *account, size_t limit)
{
    atomic_store(&account->awaited, limit / 2 + 1);
    wake(account, account_bytes(account)); /* it may have become less meanwhile */
}

bool account_awaited(struct account *account)
{
    eventfd_t ignored;
    return eventfd_read(account->event, &ignored) == 0;
}

/* ZeroMQ calls this from its I/O thread, or from the owner's when a message is dropped before it
 * was queued: only atomic members are touched here. The waker comes before account_drop, which may
 * free the account. */
static void let_go(void *data, void *hint)
{
    struct entry *entry = hint;
    (void)data;
    for (size_t i = 0; i < ACCOUNTS_MAX; i++) {
        struct account *account = entry->accounts[i];
        if (account == NULL)
            continue;
        size_t left = atomic_fetch_sub(&account->bytes, entry->size) - entry->size;
        wake(account, left);
        account_drop(account);
    }
    free(entry);
}

/* One piece of memory for entry and bytes. The accounts are raised only when nothing can fail any
 * more; let_go cannot have run before, for the message is still the caller's. */
bool account_message(struct account *const accounts[ACCOUNTS_MAX], struct bytes bytes,
                     void *message)
{
    struct entry *entry = malloc(sizeof *entry + bytes.size);
    if (entry == NULL)
        return false;
    *entry = (struct entry){.size = bytes.size};
    memcpy(entry->accounts, accounts, sizeof entry->accounts);
    if (bytes.size > 0)
        memcpy(entry->bytes, bytes.data, bytes.size);
    zmq_msg_t *built = message;
    if (zmq_msg_init_data(built, entry->bytes, bytes.size, let_go, entry) != 0) {
        free(entry);
        return false;
    }
    for (size_t i = 0; i < ACCOUNTS_MAX; i++) {
        if (entry->accounts[i] == NULL)
            continue;
        atomic_fetch_add(&entry->accounts[i]->bytes, bytes.size);
        atomic_fetch_add(&entry->accounts[i]->references, 1);
    }
    return true;
}
