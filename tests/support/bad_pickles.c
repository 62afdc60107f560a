/* bad_pickles.c - see bad_pickles.h. */
#include "tests/support/bad_pickles.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "app/import/pickle.h"

const PickledTensor pickled_good = {"FloatStorage", "0", 6, 0, 2, {2, 3}, {3, 1}};

static void put_good(Bytes *pickle)
{
    pickle_text(pickle, "a");
    pickle_tensor(pickle, &pickled_good);
}

/* {"a": …} with something else in the dict. */
static void with(Bytes *pickle, const char *key, const char *instructions)
{
    bytes_text(pickle, "\x80\x02}(");
    put_good(pickle);
    pickle_text(pickle, key);
    bytes_text(pickle, instructions);
    bytes_text(pickle, "u.");
}

/* [[[[…]]]], by marks and without. */
void pickle_nest(Bytes *pickle)
{
    bytes_text(pickle, "\x80\x02");
    for (int i = 0; i < 300; i++)
        bytes_text(pickle, "(");
}

void pickle_nest_tuples(Bytes *pickle)
{
    bytes_text(pickle, "\x80\x02)");
    for (int i = 0; i < 1000; i++)
        bytes_text(pickle, "\x85");
    bytes_text(pickle, ".");
}

void pickle_nest_lists(Bytes *pickle)
{
    bytes_text(pickle, "\x80\x02");
    for (int i = 0; i < 17; i++)
        bytes_text(pickle, "]");
    for (int i = 0; i < 16; i++)
        bytes_text(pickle, "a");
    bytes_text(pickle, ".");
}

/* Each list holds the one before it 16 times. */
void pickle_laugh(Bytes *pickle)
{
    bytes_text(pickle, "\x80\x02]q0");
    for (int i = 0; i < 12; i++) {
        bytes_text(pickle, "0](");
        for (int k = 0; k < 16; k++)
            bytes_text(pickle, "h0");
        bytes_text(pickle, "eq0");
    }
    bytes_text(pickle, ".");
}

void pickle_many_values(Bytes *pickle)
{
    char *none = malloc(PICKLE_VALUES_MAX + 2);
    assert(none != NULL);
    memset(none, 'N', PICKLE_VALUES_MAX + 1);
    none[PICKLE_VALUES_MAX + 1] = '\0';
    bytes_text(pickle, "\x80\x02");
    bytes_text(pickle, none);
    free(none);
}

void pickle_long_name(Bytes *pickle)
{
    char name[TENSOR_NAME_MAX + 2];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    bytes_text(pickle, "\x80\x02}");
    pickle_text(pickle, name);
    pickle_tensor(pickle, &pickled_good);
    bytes_text(pickle, "s.");
}

void pickle_twice(Bytes *pickle)
{
    bytes_text(pickle, "\x80\x02}(");
    put_good(pickle);
    put_good(pickle);
    bytes_text(pickle, "u.");
}

void pickle_odd_key(Bytes *pickle)
{
    bytes_text(pickle, "\x80\x02}N");
    pickle_tensor(pickle, &pickled_good);
    bytes_text(pickle, "s.");
}

void pickle_metadata(Bytes *pickle)
{
    with(pickle, "config", "}(K\x01K\x02NNu");
}

void pickle_own_list(Bytes *pickle)
{
    with(pickle, "l",
         "]q\x05h\x05"
         "a");
}

void pickle_transposed_empty(Bytes *pickle)
{
    PickledTensor none = {"FloatStorage", "0", 6, 6, 2, {0, 3}, {7, 9}};
    bytes_text(pickle, "\x80\x02}(");
    put_good(pickle);
    pickle_text(pickle, "none");
    pickle_tensor(pickle, &none);
    bytes_text(pickle, "u.");
}

/* An OrderedDict with an attribute, below one of the wrappers' keys. */
void pickle_wrapped(Bytes *pickle)
{
    bytes_text(pickle, "\x80\x02}");
    pickle_text(pickle, "state_dict");
    bytes_text(pickle, "ccollections\nOrderedDict\n)R");
    put_good(pickle);
    bytes_text(pickle, "s}");
    pickle_text(pickle, "_metadata");
    bytes_text(pickle, "}sbs.");
}

void pickle_unordered_state(Bytes *pickle)
{
    with(pickle, "x", "}}b");
}
