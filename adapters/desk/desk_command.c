/* lienthong-desk --settings FILE people …: who may sign in, made on the host. It writes into the
 * same book as the program that runs; SQLite's lock and patience keep the two apart. */
#include "adapters/desk/desk.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/workers/program.h"

struct order {
    const char *verb, *name, *full_name, *role;
    bool sees_content, reads_password;
};

/* What may be typed, for who mistyped it: on standard error, with the exit status of usage, as
 * the other programs do. */
static int usage(enum language language)
{
    (void)fprintf(stderr,
                  "%s: " DESK_PROGRAM " --settings %s people\n"
                  "    list\n"
                  "    add NAME --role clerk|agency_clerk|supervisor|operator|auditor\n"
                  "        [--full-name TEXT] [--content] [--password-stdin]\n"
                  "    password NAME [--password-stdin]\n"
                  "    lock NAME\n"
                  "    unlock NAME\n",
                  language_pick(language, "cách dùng", "usage"),
                  language_pick(language, "TỆP", "FILE"));
    return PROGRAM_EXIT_USAGE;
}

/* Options in any order around the one name. What is not known is refused whole, so that a
 * mistyped option never makes a person with other rights than were meant. */
static bool parse(int argc, char **argv, struct order *ret_order)
{
    struct order order = {.verb = argc > 1 ? argv[1] : ""};
    for (int i = 2; i < argc; i++) {
        bool has_value = i + 1 < argc;
        if (strcmp(argv[i], "--role") == 0 && has_value)
            order.role = argv[++i];
        else if (strcmp(argv[i], "--full-name") == 0 && has_value)
            order.full_name = argv[++i];
        else if (strcmp(argv[i], "--content") == 0)
            order.sees_content = true;
        else if (strcmp(argv[i], "--password-stdin") == 0)
            order.reads_password = true;
        else if (argv[i][0] != '-' && order.name == NULL)
            order.name = argv[i];
        else
            return false;
    }
    *ret_order = order;
    return true;
}

/* Made here, printed once and to be changed at the first sign-in; or the first line of standard
 * input, and kept. */
static enum reason choose_password(const struct order *order, char *ret_password, size_t capacity)
{
    if (!order->reads_password) {
        people_first_password(ret_password);
        return REASON_NONE;
    }
    if (fgets(ret_password, (int)capacity, stdin) == NULL)
        return REASON_PASSWORD_SHORT;
    size_t size = strcspn(ret_password, "\n");
    if (ret_password[size] == 0 && size + 1 == capacity && getchar() != EOF)
        return REASON_FIELD_TOO_LONG; /* the rest would be missing at each sign-in */
    ret_password[size] = 0;
    return people_password_is_long(ret_password) ? REASON_NONE : REASON_PASSWORD_SHORT;
}

/* For a new person and for one who forgot his: the same two ways to a password. It is printed by
 * nobody but here, once, and wiped. */
static enum reason set_password(struct desk *desk, const struct order *order,
                                const struct person *person, bool is_new)
{
    char password[PASSWORD_BYTES_MAX + 1], hash[PASSWORD_HASH_BYTES];
    enum reason reason = choose_password(order, password, sizeof password);
    if (reason != REASON_NONE)
        return reason;
    if (!hasher_make(password, hash))
        return REASON_OUT_OF_MEMORY;
    reason =
        is_new ? people_add(&desk->book, person, hash, program_wall())
               : people_set_password(&desk->book, person->name, hash, !order->reads_password, NULL);
    if (reason == REASON_NONE && !order->reads_password)
        (void)printf("%s %s\n", person->name, password);
    sodium_memzero(password, sizeof password);
    return reason;
}

/* Who is made with a password of the host may keep it; a printed one is to be changed at the
 * first sign-in. */
static enum reason add(struct desk *desk, const struct order *order)
{
    struct person person = {.sees_content = order->sees_content,
                            .must_change = !order->reads_password};
    if (order->role == NULL || !desk_role_parse(order->role, &person.role))
        return REASON_FIELD_INVALID;
    const char *full_name = order->full_name == NULL ? order->name : order->full_name;
    if (strlen(order->name) >= sizeof person.name || strlen(full_name) >= sizeof person.full_name)
        return REASON_FIELD_TOO_LONG;
    (void)snprintf(person.name, sizeof person.name, "%s", order->name);
    (void)snprintf(person.full_name, sizeof person.full_name, "%s", full_name);
    return set_password(desk, order, &person, true);
}

/* By pages, as everything: a book with ten thousand people costs no more memory than one with
 * ten. */
static enum reason list(struct desk *desk)
{
    char after[PERSON_NAME_BYTES] = "";
    bool has_more = true;
    while (has_more) {
        sqlite3_stmt *row = book_ask(&desk->book, BOOK_PEOPLE, "ti", after, (int64_t)API_PAGE_MAX);
        has_more = false;
        while (book_next(&desk->book, row)) {
            has_more = true;
            int role = sqlite3_column_int(row, 2);
            (void)snprintf(after, sizeof after, "%s", book_text(row, 0));
            (void)printf("%s\t%s\t%s\t%s%s%s\n", after,
                         desk_role_name(role >= 0 && role < DESK_ROLES ? (enum desk_role)role
                                                                       : DESK_ROLE_AUDITOR),
                         book_text(row, 1), sqlite3_column_int(row, 3) != 0 ? "content" : "-",
                         sqlite3_column_int(row, 4) != 0 ? " locked" : "",
                         sqlite3_column_int(row, 5) != 0 ? " totp" : "");
        }
        book_end(row);
    }
    return desk->book.trouble;
}

/* Locking ends the sessions of that moment as well, or the person would work on until the
 * evening. */
static enum reason change(struct desk *desk, const struct order *order)
{
    struct person person;
    enum reason reason = people_find(&desk->book, order->name, &person, NULL);
    if (reason != REASON_NONE)
        return reason;
    if (strcmp(order->verb, "password") == 0)
        return set_password(desk, order, &person, false);
    person.is_locked = strcmp(order->verb, "lock") == 0;
    return people_change(&desk->book, &person);
}

/* One transaction with its row of the audit, in the name of the host: who may run this may read
 * the book anyway. */
static enum reason carry_out(struct desk *desk, const struct order *order)
{
    const char *name = order->name == NULL ? "" : order->name;
    const struct person host = {.name = "host"};
    enum reason reason = book_begin(&desk->book);
    if (reason == REASON_NONE)
        reason = strcmp(order->verb, "add") == 0 ? add(desk, order) : change(desk, order);
    if (reason == REASON_NONE)
        reason = book_run(&desk->book, BOOK_AUDIT_ADD, "itttttttt", program_wall().ms, host.name,
                          host.name, "", order->verb, name, NULL, order->role, "ok");
    return book_finish(&desk->book, reason);
}

int desk_command(const struct desk_settings *settings, enum language language, int argc,
                 char **argv)
{
    static const char *const verbs[] = {"add", "password", "lock", "unlock"};
    static struct desk desk;
    struct order order;
    bool is_list = argc > 1 && strcmp(argv[1], "list") == 0, is_known = is_list;
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        is_known = is_known || (argc > 1 && strcmp(argv[1], verbs[i]) == 0);
    if (!is_known || !parse(argc, argv, &order) || (order.name == NULL) != is_list)
        return usage(language);
    desk = (struct desk){.settings = *settings, .language = language};
    if (!desk_open_book(&desk))
        return EXIT_FAILURE;
    enum reason reason = is_list ? list(&desk) : carry_out(&desk, &order);
    if (reason != REASON_NONE)
        program_say_failure(DESK_PROGRAM, language, reason, is_list ? "people" : order.name);
    book_close(&desk.book);
    return reason == REASON_NONE ? EXIT_SUCCESS : EXIT_FAILURE;
}
