/* Runs a fuzz target over files, without libFuzzer: `fuzz_* FILE-OR-FOLDER...`, so that every input
 * that was ever interesting is tried again with each `make test`. Ends with 1 when a path cannot
 * be read or there was no input at all. */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_BYTES_MAX = 4 * 1024 * 1024, PATH_BYTES_MAX = 4096 };

static size_t inputs_run;

static int run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    /* Exactly as large as the input, so that a read behind its end is seen by the sanitizer. */
    struct stat status;
    if (file == NULL || fstat(fileno(file), &status) != 0 || status.st_size > INPUT_BYTES_MAX) {
        fprintf(stderr, "cannot read %s\n", path);
        return 1;
    }
    size_t size = (size_t)status.st_size;
    uint8_t *data = malloc(size > 0 ? size : 1);
    int failed = data == NULL || fread(data, 1, size, file) != size;
    (void)fclose(file);
    if (!failed) {
        (void)LLVMFuzzerTestOneInput(data, size);
        inputs_run++;
    }
    free(data);
    return failed;
}

static int run_folder(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    int failed = 0;
    if (folder == NULL)
        return 1;
    while ((entry = readdir(folder)) != NULL) {
        char name[PATH_BYTES_MAX];
        if (entry->d_name[0] == '.')
            continue;
        (void)snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        failed |= run_file(name);
    }
    (void)closedir(folder);
    return failed;
}

int main(int count, char **paths)
{
    int failed = 0;
    for (int i = 1; i < count; i++) {
        struct stat status;
        bool is_folder = stat(paths[i], &status) == 0 && S_ISDIR(status.st_mode);
        failed |= is_folder ? run_folder(paths[i]) : run_file(paths[i]);
    }
    printf("%zu inputs\n", inputs_run);
    return failed || inputs_run == 0;
}
