/* mapping_process - the other side of mapping.h: the process that the jq program runs in.
 *
 * Messages both ways: a length in four bytes of the machine's order, then that much JSON. First one
 * message without being asked: true, or the compiler's complaint as a text. Then one answer for
 * each input: [value], or null when the program failed. It ends when the socket does. */
#pragma once

/* For the child after fork: closes every other descriptor, then serves. */
_Noreturn void mapping_process(int socket, const char *program);
