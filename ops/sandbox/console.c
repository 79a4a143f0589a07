/* The sandbox's desk. Its people are made straight in its book, before it runs; their passwords
 * stand in DIR/consoles/centre/sign-ins (mode 0600) for whoever made the province, and open nothing
 * but a sandbox on loopback. */
#include "ops/sandbox/console.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/desk/book/people.h"
#include "gateway/workers/program.h"
#include "ops/client/file.h"

enum { TEXT_BYTES_MAX = 4096, LINE_BYTES = 256 };

/* One of each role that a centre has; names that say what they are, and nobody's. */
static const struct person people[] = {
    {.name = "motcua",
     .full_name = "Trần Thị Một Cửa",
     .role = DESK_ROLE_CLERK,
     .sees_content = true},
    {.name = "lanhdao",
     .full_name = "Lê Văn Lãnh Đạo",
     .role = DESK_ROLE_SUPERVISOR,
     .sees_content = true},
    {.name = "vanhanh", .full_name = "Phạm Văn Vận Hành", .role = DESK_ROLE_OPERATOR},
    {.name = "kiemtra", .full_name = "Nguyễn Thị Kiểm Tra", .role = DESK_ROLE_AUDITOR},
};

static bool fail(const char *what)
{
    (void)fprintf(stderr, "lienthong sandbox up: %s\n", what);
    return false;
}

/* A hash takes some tens of milliseconds each, once in a sandbox's life. */
static enum reason add_people(struct book *book, struct buffer *sign_ins)
{
    enum reason reason = REASON_NONE;
    for (size_t i = 0; reason == REASON_NONE && i < sizeof people / sizeof *people; i++) {
        char password[PEOPLE_FIRST_PASSWORD_BYTES], hash[PASSWORD_HASH_BYTES];
        people_first_password(password);
        if (!hasher_make(password, hash) ||
            !buffer_append_format(sign_ins, "%s %s %s\n", people[i].name, password,
                                  desk_role_name(people[i].role)))
            return REASON_OUT_OF_MEMORY;
        reason = people_add(book, &people[i], hash, program_wall());
    }
    return reason;
}

/* The file with the sign-ins is written last: where it stands, all of it was made. */
static bool make_people(const char *folder)
{
    char path[PATH_BYTES_MAX];
    struct book book;
    struct buffer sign_ins;
    if (!path_make(path, "%s/state/desk.sqlite", folder))
        return fail(folder);
    (void)unlink(path); /* of a try that was cut */
    if (book_open(path, &book) != REASON_NONE)
        return fail(path);
    buffer_init(&sign_ins, TEXT_BYTES_MAX);
    enum reason reason = book_begin(&book);
    if (reason == REASON_NONE)
        reason = book_finish(&book, add_people(&book, &sign_ins));
    book_close(&book);
    bool is_made = reason == REASON_NONE && path_make(path, "%s/sign-ins", folder) &&
                   file_write(path, buffer_view(&sign_ins), 0600) == REASON_NONE;
    buffer_release(&sign_ins);
    return is_made || fail(path);
}

/* Relative paths, so that a province can be moved. The port is a free one: several provinces may be
 * up at once, and tests beside them. */
static bool make_settings(const char *folder, const struct registry *registry)
{
    char path[PATH_BYTES_MAX], text[TEXT_BYTES_MAX];
    (void)snprintf(text, sizeof text,
                   "participant: %s\n"
                   "state_directory: state\n"
                   "registry_directory: ../../registry\n"
                   "adapter:\n"
                   "  state_directory: ../../adapters/centre/state\n"
                   "gateway:\n"
                   "  state_directory: ../../gateway/state\n"
                   "port: 0\n",
                   registry_centre(registry)->key.text);
    return (path_make(path, "%s/desk.yaml", folder) &&
            file_write(path, bytes_of_text(text), 0600) == REASON_NONE) ||
           fail(path);
}

/* A province of an earlier version gets its desk here, at its next start. */
bool console_prepare(const char *directory, const struct registry *registry)
{
    static const char *const folders[] = {"consoles", "consoles/centre", "consoles/centre/state"};
    char path[PATH_BYTES_MAX], folder[PATH_BYTES_MAX];
    if (!path_make(path, "%s/consoles/centre/sign-ins", directory))
        return fail(directory);
    if (access(path, F_OK) == 0)
        return true;
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        if (!path_make(path, "%s/%s", directory, folders[i]) ||
            (mkdir(path, 0700) != 0 && access(path, F_OK) != 0))
            return fail(path);
    }
    return path_make(folder, "%s/consoles/centre", directory) && make_settings(folder, registry) &&
           make_people(folder);
}

/* Silent when the desk is not up: what keeps it from that stands in its log. */
void console_say(const char *directory, enum language language)
{
    char path[PATH_BYTES_MAX], port[16], line[LINE_BYTES];
    if (!path_make(path, "%s/consoles/centre/state/api.port", directory) ||
        !file_read_line(path, port, sizeof port))
        return;
    (void)printf("%s\n  http://127.0.0.1:%s/\n",
                 language_pick(language, "Bàn làm việc (tên, mật khẩu, vai trò):",
                               "The desk (name, password, role):"),
                 port);
    FILE *file =
        path_make(path, "%s/consoles/centre/sign-ins", directory) ? fopen(path, "re") : NULL;
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        (void)printf("    %s", line);
    if (file != NULL)
        (void)fclose(file);
    (void)printf("\n");
}
