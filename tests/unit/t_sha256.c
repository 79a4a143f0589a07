#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <string.h>

#include "proto/seal/sha256.h"

static void assert_digest(const struct digest *digest, const char *hex)
{
    char text[DIGEST_TEXT_BYTES];
    digest_format(digest, text);
    assert_string_equal(text, hex);
}

/* FIPS 180-4 examples. */
#define DIGEST_OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define DIGEST_OF_ABC     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define DIGEST_OF_MILLION "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"

static void parts_are_hashed_one_after_another(void **state)
{
    (void)state;
    struct digest digest;
    sha256_parts(NULL, 0, &digest);
    assert_digest(&digest, DIGEST_OF_NOTHING);
    struct bytes parts[] = {bytes_of_text("a"), {NULL, 0}, bytes_of_text("bc")};
    sha256_parts(parts, 3, &digest);
    assert_digest(&digest, DIGEST_OF_ABC);
}

static void pieces_give_the_same_digest_and_init_starts_anew(void **state)
{
    (void)state;
    struct sha256 hash = {0};
    struct digest digest;
    uint8_t block[1000];
    memset(block, 'a', sizeof block);
    assert_true(sha256_init(&hash));
    sha256_update(&hash, bytes_of_text("left over"));
    assert_true(sha256_init(&hash));
    for (int i = 0; i < 1000; i++)
        sha256_update(&hash, (struct bytes){block, sizeof block});
    sha256_final(&hash, &digest);
    assert_digest(&digest, DIGEST_OF_MILLION);
    assert_true(sha256_init(&hash));
    sha256_update(&hash, (struct bytes){NULL, 0});
    sha256_final(&hash, &digest);
    assert_digest(&digest, DIGEST_OF_NOTHING);
    sha256_release(&hash);
    sha256_release(&hash);
}

static void *hash_many(void *argument)
{
    struct digest expected;
    uint8_t *wrong = argument;
    assert_true(sha256_prepare_thread());
    digest_parse(bytes_of_text(DIGEST_OF_ABC), &expected);
    for (int i = 0; i < 2000; i++) {
        struct digest digest;
        struct bytes abc = bytes_of_text("abc");
        sha256_parts(&abc, 1, &digest);
        if (!digest_equal(&digest, &expected))
            *wrong = 1;
    }
    return NULL;
}

static void threads_do_not_disturb_each_other(void **state)
{
    (void)state;
    pthread_t threads[4];
    uint8_t wrong[4] = {0};
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hash_many, &wrong[i]), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(wrong[i], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_are_hashed_one_after_another),
        cmocka_unit_test(pieces_give_the_same_digest_and_init_starts_anew),
        cmocka_unit_test(threads_do_not_disturb_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
