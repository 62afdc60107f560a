/* test_hub.c - `s2d pull hf.co/...` against a server on this machine that plays the hub: what it fetches,
 * whom it tells the token, and what it makes of answers that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/base/paths.h"
#include "app/base/save_file.h"
#include "app/base/sha256.h"
#include "app/commands.h"
#include "app/profile/catalog.h"
#include "app/pull/hub.h"
#include "tests/support/temp.h"
#include "tests/support/web.h"

#define REVISION "0123456789abcdef0123456789abcdef01234567"
enum { MODEL_BYTES = 5000 };

typedef struct Place {
    char root[TEMP_BYTES], models[64], www[64];
    char endpoint[64];
    Web hub, other;            /* the other has the same files under another port */
    char data[2][MODEL_BYTES]; /* two models */
    char hash[2][SHA256_TEXT];
} Place;

static Place place;

static const char *in(const char *folder, const char *name)
{
    static char path[2][512];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
    return path[turn];
}

static bool exists(const char *name)
{
    return access(in(place.models, name), F_OK) == 0;
}

/* Files in the models' place. */
static int count_models(void)
{
    int n = 0;
    DIR *folder = opendir(place.models);
    for (struct dirent *entry; folder && (entry = readdir(folder)) != NULL;)
        n += entry->d_name[0] != '.';
    if (folder)
        closedir(folder);
    return n;
}

static void empty(const char *folder)
{
    temp_folder_remove(folder);
    assert_int_equal(mkdir(folder, 0700), 0);
}

/* The file's entry in an answer. */
static const char *entry(const char *path, long long bytes, const char *hash)
{
    static char text[8][1024];
    static int turn;
    turn = (turn + 1) % 8;
    snprintf(text[turn], sizeof text[turn],
             "{\"rfilename\":\"%s\",\"size\":%lld,\"blobId\":\"x\",\"lfs\":{\"sha256\":\"%s\","
             "\"size\":%lld,\"pointerSize\":135}}",
             path, bytes, hash, bytes);
    return text[turn];
}

static void answer_raw(const char *text)
{
    file_write_text(in(place.www, "api_models_owner_Tiny-GGUF.body"), text);
}

/* The API answers with these entries, which commas part. */
static void answer(const char *entries)
{
    char text[8192];
    snprintf(
        text, sizeof text,
        "{\"id\":\"owner/Tiny-GGUF\",\"sha\":\"%s\",\"siblings\":[{\"rfilename\":\"README.md\","
        "\"size\":5},%s]}",
        REVISION, entries);
    answer_raw(text);
}

/* The file that the server has at that path of the repository; end: "" or ".body". */
static const char *served(const char *path, const char *end)
{
    static char name[512];
    snprintf(name, sizeof name, "%s/owner_Tiny-GGUF_resolve_%s_%s%s", place.www, REVISION, path,
             end);
    return name;
}

static void serve(const char *path, int which)
{
    file_write(served(path, ".body"), place.data[which], MODEL_BYTES);
}

/* An answer of the server for the API, or for a file. */
static void respond(const char *file, const char *status, const char *headers)
{
    char text[1024];
    snprintf(text, sizeof text, "HTTP/1.1 %s\r\n%sContent-Length: 0\r\nConnection: close\r\n\r\n",
             status, headers);
    file_write_text(file, text);
}

static int set_up_test(void **state)
{
    (void)state;
    empty(place.models);
    empty(place.www);
    web_forget(&place.hub);
    web_forget(&place.other);
    setenv("HF_ENDPOINT", place.endpoint, 1);
    setenv("HF_HOME", place.root, 1);
    unsetenv("HF_TOKEN");
    unsetenv("HF_TOKEN_PATH");
    unsetenv("HUGGING_FACE_HUB_TOKEN");
    unsetenv("HF_HUB_DISABLE_IMPLICIT_TOKEN");
    answer(entry("Tiny-Q4_K_M.gguf", MODEL_BYTES, place.hash[0]));
    serve("Tiny-Q4_K_M.gguf", 0);
    return 0;
}

/* Runs the command; what it said is in `said`. */
static char said[8192];

static int pull_with(const char *option, const char *name)
{
    char *argv[] = {"pull", (char *)option, (char *)name, NULL};
    char path[128];
    snprintf(path, sizeof path, "%s/said", place.root);
    fflush(stderr);
    int old = dup(STDERR_FILENO);
    FILE *file = freopen(path, "w", stderr);
    int code = file ? cmd_pull(3, argv) : -1;
    fflush(stderr);
    dup2(old, STDERR_FILENO);
    close(old);
    sigset_t stops;
    sigemptyset(&stops);
    sigaddset(&stops, SIGINT);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGHUP);
    sigprocmask(SIG_UNBLOCK, &stops, NULL);
    ssize_t n = read_start(path, said, sizeof said - 1);
    said[n > 0 ? n : 0] = '\0';
    return code;
}

static int pull(const char *name)
{
    return pull_with("--", name);
}

/* The pull ends so, says this, and leaves nothing. */
static void fails(const char *name, int code, const char *text)
{
    int got = pull(name);
    if (got != code || !strstr(said, text))
        fail_msg("%d and not %d, or no \"%s\": %s", got, code, text, said);
    assert_int_equal(count_models(), 0);
}

static void succeeds(const char *name)
{
    int code = pull(name);
    if (code != 0)
        fail_msg("%d: %s", code, said);
}

static void holds(const char *name, int which)
{
    char data[MODEL_BYTES + 1];
    ssize_t bytes = read_start(in(place.models, name), data, sizeof data);
    if (bytes < 0)
        fail_msg("no %s: %s", name, said);
    assert_int_equal(bytes, MODEL_BYTES);
    assert_memory_equal(data, place.data[which], MODEL_BYTES);
}

static bool asked(const Web *web, const char *text)
{
    char *requests = web_requests(web);
    bool found = requests && strstr(requests, text);
    free(requests);
    return found;
}

static void a_model_is_fetched_and_has_a_name(void **state)
{
    (void)state;
    char path[PATH_BYTES];
    static const char *const names[] = {"hf.co/owner/Tiny-GGUF", "owner/Tiny-GGUF:q4_k_m",
                                        "https://huggingface.co/owner/Tiny-GGUF",
                                        "owner/Tiny-GGUF:Tiny-Q4_K_M"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        empty(place.models);
        succeeds(names[i]);
        holds("Tiny-Q4_K_M.gguf", 0);
        assert_int_equal(count_models(), 1);
        assert_non_null(strstr(said, "s2d -m Tiny-Q4_K_M"));
    }
    assert_true(asked(&place.hub, "GET /api/models/owner/Tiny-GGUF?blobs=true "));
    assert_false(asked(&place.hub, "uthorization"));
    assert_int_equal(catalog_resolve("Tiny-Q4_K_M", path, sizeof path, NULL), 0);
    assert_string_equal(path, in(place.models, "Tiny-Q4_K_M.gguf"));
    assert_int_equal(catalog_resolve("Tiny-Q4_K_M.gguf", path, sizeof path, NULL), 0);
    assert_int_equal(catalog_resolve("Tiny", path, sizeof path, NULL), -1);

    /* Again: nothing but the list is asked for. */
    web_forget(&place.hub);
    succeeds(names[0]);
    assert_non_null(strstr(said, "is here and verified"));
    assert_false(asked(&place.hub, "resolve"));
}

static void another_model_of_that_name_is_left_alone(void **state)
{
    (void)state;
    file_write(in(place.models, "Tiny-Q4_K_M.gguf"), place.data[1], MODEL_BYTES);
    succeeds("owner/Tiny-GGUF");
    holds("Tiny-Q4_K_M.gguf", 1);
    holds("owner_Tiny-Q4_K_M.gguf", 0);
    web_forget(&place.hub);
    succeeds("owner/Tiny-GGUF");
    assert_false(asked(&place.hub, "resolve"));

    file_write_text(in(place.models, "owner_Tiny-Q4_K_M.gguf"), "mine");
    assert_int_equal(pull("owner/Tiny-GGUF"), EXIT_DATA);
    assert_non_null(strstr(said, "move it away"));
    assert_int_equal(count_models(), 2);
}

static void parts_are_fetched_together(void **state)
{
    (void)state;
    char entries[2048];
    snprintf(entries, sizeof entries, "%s,%s",
             entry("Q8_0/Tiny-Q8_0-00001-of-00002.gguf", MODEL_BYTES, place.hash[0]),
             entry("Q8_0/Tiny-Q8_0-00002-of-00002.gguf", MODEL_BYTES, place.hash[1]));
    answer(entries);
    serve("Q8_0_Tiny-Q8_0-00001-of-00002.gguf", 0);
    serve("Q8_0_Tiny-Q8_0-00002-of-00002.gguf", 1);
    succeeds("owner/Tiny-GGUF:Q8_0");
    holds("Tiny-Q8_0-00001-of-00002.gguf", 0);
    holds("Tiny-Q8_0-00002-of-00002.gguf", 1);

    /* The second is missing: only that is fetched. */
    unlink(in(place.models, "Tiny-Q8_0-00002-of-00002.gguf"));
    web_forget(&place.hub);
    succeeds("owner/Tiny-GGUF");
    holds("Tiny-Q8_0-00002-of-00002.gguf", 1);
    assert_false(asked(&place.hub, "00001-of"));

    empty(place.models);
    answer(entry("Tiny-Q8_0-00002-of-00002.gguf", MODEL_BYTES, place.hash[1]));
    fails("owner/Tiny-GGUF", EXIT_DATA, "part 1 of 2 is missing");
}

static void what_came_is_gone_on_from(void **state)
{
    (void)state;
    char part[128], head[256];
    snprintf(part, sizeof part, "Tiny-Q4_K_M.gguf.%.8s.part", place.hash[0]);
    file_write(in(place.models, part), place.data[0], 1234);
    succeeds("owner/Tiny-GGUF");
    holds("Tiny-Q4_K_M.gguf", 0);
    assert_int_equal(count_models(), 1);
    assert_true(asked(&place.hub, "Range: bytes=1234-"));

    /* Cut off by the server: what came stays, and the next run has the rest. */
    empty(place.models);
    int n =
        snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", MODEL_BYTES);
    char *cut = malloc((size_t)n + 2000);
    memcpy(cut, head, (size_t)n);
    memcpy(cut + n, place.data[0], 2000);
    file_write(served("Tiny-Q4_K_M.gguf", ""), cut, (size_t)n + 2000);
    free(cut);
    assert_int_equal(pull("owner/Tiny-GGUF"), EXIT_IO);
    assert_non_null(strstr(said, "the same command goes on from there"));
    assert_true(exists(part));
    unlink(served("Tiny-Q4_K_M.gguf", ""));
    web_forget(&place.hub);
    succeeds("owner/Tiny-GGUF");
    assert_true(asked(&place.hub, "Range: bytes=2000-"));
    holds("Tiny-Q4_K_M.gguf", 0);

    /* A part of what the file was before is not gone on from, and goes when the new one is whole. */
    empty(place.models);
    file_write(in(place.models, "Tiny-Q4_K_M.gguf.00000000.part"), place.data[1], 1234);
    succeeds("owner/Tiny-GGUF");
    holds("Tiny-Q4_K_M.gguf", 0);
    assert_int_equal(count_models(), 1);
}

static void nothing_is_fetched_without_a_yes(void **state)
{
    (void)state;
    assert_non_null(freopen("/dev/null", "r", stdin));
    assert_int_equal(pull_with("--ask", "owner/Tiny-GGUF"), EXIT_NOINPUT);
    assert_non_null(strstr(said, "owner/Tiny-GGUF"));
    assert_non_null(strstr(said, "Q4_K_M\nFetch 0 MB into"));
    assert_int_equal(count_models(), 0);
    assert_false(asked(&place.hub, "resolve"));
}

static void the_nearest_is_taken_and_said(void **state)
{
    (void)state;
    char entries[4096];
    snprintf(entries, sizeof entries, "%s,%s,%s",
             entry("Tiny-Q8_0.gguf", MODEL_BYTES, place.hash[1]),
             entry("Tiny-Q4_K_S.gguf", MODEL_BYTES, place.hash[0]),
             entry("mmproj-Tiny-Q4_K_M.gguf", MODEL_BYTES, place.hash[1]));
    answer(entries);
    serve("Tiny-Q4_K_S.gguf", 0);
    succeeds("owner/Tiny-GGUF");
    holds("Tiny-Q4_K_S.gguf", 0);
    assert_non_null(strstr(said, "no Q4_K_M there; Q4_K_S is the nearest of Q8_0, Q4_K_S"));
    empty(place.models);
    fails("owner/Tiny-GGUF:Q2_K", EXIT_NOINPUT, "has no Q2_K; it has Q8_0, Q4_K_S");
    answer("{\"rfilename\":\"model.safetensors\",\"size\":7}");
    fails("owner/Tiny-GGUF", EXIT_NOINPUT, "has no GGUF files; look for one");
    snprintf(entries, sizeof entries, "%s,%s", entry("a-Q4_K_M.gguf", MODEL_BYTES, place.hash[1]),
             entry("b-Q4_K_M.gguf", MODEL_BYTES, place.hash[0]));
    answer(entries);
    fails("owner/Tiny-GGUF", EXIT_NOINPUT, "add :FILE, one of a-Q4_K_M.gguf, b-Q4_K_M.gguf");
    serve("b-Q4_K_M.gguf", 0);
    succeeds("hf.co/owner/Tiny-GGUF:b-q4_k_m.gguf");
    holds("Tiny-b-Q4_K_M.gguf", 0);
}

static void the_token_goes_to_the_hub_alone(void **state)
{
    (void)state;
    char headers[256];
    setenv("HF_TOKEN", " hf_secret\n", 1);
    for (int other_host = 0; other_host < 2; other_host++) {
        empty(place.models);
        web_forget(&place.hub);
        snprintf(headers, sizeof headers, "Location: http://%s:%d/cdn/file?sig=1\r\n",
                 other_host ? "localhost" : "127.0.0.1", place.other.port);
        respond(served("Tiny-Q4_K_M.gguf", ""), "302 Found", headers);
        file_write(in(place.www, "cdn_file.body"), place.data[0], MODEL_BYTES);
        succeeds("owner/Tiny-GGUF");
        holds("Tiny-Q4_K_M.gguf", 0);
        char *requests = web_requests(&place.hub);
        const char *first = strstr(requests, "Authorization: Bearer hf_secret\r\n");
        assert_non_null(first); /* the list, and the file */
        assert_non_null(strstr(first + 1, "Authorization: Bearer hf_secret\r\n"));
        free(requests);
        assert_true(asked(&place.other, "GET /cdn/file?sig=1"));
        assert_false(asked(&place.other, "hf_secret"));
        assert_false(asked(&place.other, "uthorization"));
        assert_null(strstr(said, "hf_secret"));
    }
    unsetenv("HF_TOKEN");
    respond(in(place.www, "api_models_owner_Tiny-GGUF"), "401 Unauthorized", "");
    empty(place.models);
    fails("owner/Tiny-GGUF", EXIT_NOINPUT, "not public (401); HF_TOKEN");
    setenv("HF_TOKEN", "hf_secret", 1);
    fails("owner/Tiny-GGUF", EXIT_NOINPUT, "the token does not open it (401)");
    assert_null(strstr(said, "hf_secret"));
}

static void what_the_server_refuses_is_said(void **state)
{
    (void)state;
    const char *api = in(place.www, "api_models_owner_Tiny-GGUF");
    char file[512];
    snprintf(file, sizeof file, "%s", api);
    respond(file, "403 Forbidden", "");
    fails("owner/Tiny-GGUF", EXIT_NOINPUT, "accept its terms");
    respond(file, "404 Not Found", "");
    fails("owner/Tiny-GGUF", EXIT_NOINPUT, "owner/Tiny-GGUF: not there (404)");
    respond(file, "429 Too Many Requests", "Retry-After: 77\r\n");
    fails("owner/Tiny-GGUF", EXIT_IO, "too many requests (429); try again in 77 s");
    respond(file, "503 Service Unavailable", "");
    fails("owner/Tiny-GGUF", EXIT_IO, "answers 503");
    respond(file, "302 Found", "Location: /api/models/owner/Tiny-GGUF\r\n");
    fails("owner/Tiny-GGUF", EXIT_IO, "redirects for ever");
    respond(file, "302 Found", "Location: file:///etc/passwd\r\n");
    fails("owner/Tiny-GGUF", EXIT_IO, "owner/Tiny-GGUF");
    unlink(file);
    respond(served("Tiny-Q4_K_M.gguf", ""), "403 Forbidden", "");
    fails("owner/Tiny-GGUF", EXIT_NOINPUT, "accept its terms");
    respond(served("Tiny-Q4_K_M.gguf", ""), "302 Found",
            "Location: /owner/Tiny-GGUF/resolve/" REVISION "/Tiny-Q4_K_M.gguf\r\n");
    fails("owner/Tiny-GGUF", EXIT_IO, "redirects for ever");
}

static void lies_about_a_file_are_found(void **state)
{
    (void)state;
    answer(entry("Tiny-Q4_K_M.gguf", MODEL_BYTES, place.hash[1])); /* another one's hash */
    fails("owner/Tiny-GGUF", EXIT_DATA, "SHA-256 is");
    answer(entry("Tiny-Q4_K_M.gguf", MODEL_BYTES - 1, place.hash[0]));
    fails("owner/Tiny-GGUF", EXIT_DATA, "sends more than the 4999 bytes");
    answer(entry("Tiny-Q4_K_M.gguf", MODEL_BYTES + 1, place.hash[0]));
    assert_int_equal(pull("owner/Tiny-GGUF"), EXIT_IO);
    assert_non_null(strstr(said, "ended after 5000 of 5001 bytes"));
    assert_false(exists("Tiny-Q4_K_M.gguf"));
}

static void lists_that_lie_are_refused(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "../x-Q4_K_M.gguf",
        "/tmp/x-Q4_K_M.gguf",
        "a/../../x-Q4_K_M.gguf",
        "a//x-Q4_K_M.gguf",
        "./x-Q4_K_M.gguf",
        "a\\\\x.gguf",
        ".gguf",
        "a\\u001b[2Jx.gguf",
        "x\\nQ4_K_M.gguf",
        "x\\u007f.gguf",
    };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        answer(entry(paths[i], MODEL_BYTES, place.hash[0]));
        fails("owner/Tiny-GGUF", EXIT_DATA, "nothing to make here");
        for (const char *c = said; *c; c++)
            assert_true(*c == '\n' || *c >= ' ');
    }
    static const long long sizes[] = {0, -1, 1LL << 51, 0x7fffffffffffffffLL};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        answer(entry("x-Q4_K_M.gguf", sizes[i], place.hash[0]));
        fails("owner/Tiny-GGUF", EXIT_DATA, "makes no sense");
    }
    static const char *const hashes[] = {"", "../../x", "0123", "g123456789abcdef"};
    for (size_t i = 0; i < sizeof hashes / sizeof *hashes; i++) {
        answer(entry("x-Q4_K_M.gguf", MODEL_BYTES, hashes[i]));
        fails("owner/Tiny-GGUF", EXIT_DATA, "makes no sense");
    }
    answer("{\"rfilename\":\"x-Q4_K_M.gguf\",\"size\":5}");
    fails("owner/Tiny-GGUF", EXIT_DATA, "no SHA-256");
    char twice[2048];
    snprintf(twice, sizeof twice, "%s,%s", entry("x.gguf", 5, place.hash[0]),
             entry("x.gguf", 5, place.hash[0]));
    answer(twice);
    fails("owner/Tiny-GGUF", EXIT_DATA, "a file twice");
    answer(entry("x-Q4_K_M.gguf", 1LL << 50, place.hash[0])); /* more than any disk here has */
    fails("owner/Tiny-GGUF", EXIT_IO, "make room");
}

static void answers_that_are_none_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{\"siblings\":[]}",
        "{\"sha\":\"main\",\"siblings\":[]}",
        "{\"sha\":\"../../../../etc/passwd000000000000000000\",\"siblings\":[]}",
        "{\"sha\":\"" REVISION "\",\"siblings\":{}}",
        "{\"sha\":\"" REVISION "\",\"siblings\":[3]}",
        "{\"sha\":\"" REVISION "\",\"siblings\":[{\"rfilename\":3}]}",
        "{\"sha\":\"" REVISION "\",\"siblings\":[{\"rfilename\":\"a\\u0000.gguf\"}]}",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        answer_raw(texts[i]);
        fails("owner/Tiny-GGUF", EXIT_DATA, "owner/Tiny-GGUF: the hub");
    }
    char *deep = malloc(1 << 20);
    memset(deep, '[', (1 << 20) - 1);
    deep[(1 << 20) - 1] = '\0';
    answer_raw(deep);
    free(deep);
    fails("owner/Tiny-GGUF", EXIT_DATA, "the hub's answer is no JSON");
    unlink(in(place.www, "api_models_owner_Tiny-GGUF.body"));
    file_write_text(in(place.www, "api_models_owner_Tiny-GGUF.endless"), "");
    fails("owner/Tiny-GGUF", EXIT_DATA, "larger than 16 MB");
}

static void a_server_that_says_nothing_is_left(void **state)
{
    (void)state;
    Hub hub;
    Err err = {0};
    unlink(in(place.www, "api_models_owner_Tiny-GGUF.body"));
    file_write_text(in(place.www, "api_models_owner_Tiny-GGUF.slow"), "");
    assert_int_equal(hub_find(&hub, "owner/Tiny-GGUF", 1, &err), -1);
    assert_int_equal(err.code, EXIT_IO);
    assert_non_null(strstr(err.text, "owner/Tiny-GGUF"));
}

static void names_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text, *owner, *repo, *pick;
    } good[] = {
        {"hf.co/a/b", "a", "b", ""},
        {"a/b:Q8_0", "a", "b", "Q8_0"},
        {"huggingface.co/a-1/b.c_d", "a-1", "b.c_d", ""},
        {"https://hf.co/a/b:x.gguf", "a", "b", "x.gguf"},
        {"https://huggingface.co/a/b/", "a", "b", ""},
        {"https://huggingface.co/a/b/tree/main?x=y", "a", "b", ""},
        {"https://huggingface.co/a/b/blob/main/c/d.gguf", "a", "b", "c/d.gguf"},
        {"https://huggingface.co/a/b/resolve/main/d.gguf?download=true", "a", "b", "d.gguf"},
        {"https://mirror.example/a/b", "a", "b", ""},
    };
    static const char *const bad[] = {
        "a/",
        "/a",
        "a/b/c",
        "a/b:",
        "../b",
        "a/..",
        "a/b@main",
        "a b/c",
        "hf.co/a",
        "http://a/b",
        "a/b/tree/v2",
        "./model.gguf",
        "a/b/blob/main/",
        "https://evil.example/a/b",
        "https://mirror.example.evil/a/b",
        "~/a/b",
    };
    HubName name;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        Err err = {0};
        if (hub_name_parse(&name, good[i].text, "https://mirror.example", &err) != 0)
            fail_msg("%s", err.text);
        assert_string_equal(name.owner, good[i].owner);
        assert_string_equal(name.repo, good[i].repo);
        assert_string_equal(name.pick, good[i].pick);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Err err = {0};
        if (hub_name_parse(&name, bad[i], "https://mirror.example", &err) == 0)
            fail_msg("%s is read", bad[i]);
        assert_int_equal(err.code, EXIT_USAGE);
    }
    assert_false(hub_name_is("smollm2-135m"));
    assert_int_equal(pull("./no/such"), EXIT_USAGE);
}

static void labels_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *path, *label;
        int part, of;
    } rows[] = {
        {"Qwen3-0.6B-Q4_K_M.gguf", "Q4_K_M", 1, 1},
        {"qwen2.5-coder-0.5b-instruct-q4_k_m.gguf", "Q4_K_M", 1, 1},
        {"SmolLM2-135M-Instruct.Q4_1.gguf", "Q4_1", 1, 1},
        {"model_iq4_xs.gguf", "IQ4_XS", 1, 1},
        {"Qwen3-30B-A3B-UD-Q4_K_XL.gguf", "UD-Q4_K_XL", 1, 1},
        {"Q8_0/big-Q8_0-00002-of-00005.gguf", "Q8_0", 2, 5},
        {"Q2_K/big-00001-of-00002.gguf", "Q2_K", 1, 2},
        {"x-Q4_0_4_4.gguf", "Q4_0_4_4", 1, 1},
        {"gpt-oss-20b-mxfp4.gguf", "MXFP4", 1, 1},
        {"phi-3-mini-4k-instruct-q4.gguf", "Q4", 1, 1},
        {"x-fp16.gguf", "FP16", 1, 1},
        {"x.BF16.gguf", "BF16", 1, 1},
        {"tiny.gguf", "", 1, 1},
        {"Q-model-Qwen3.gguf", "", 1, 1},
        {"x-00003-of-00002.gguf", "", 1, 1},
        {"x-00000-of-00002.gguf", "", 1, 1},
        {"x-0001-of-00002.gguf", "", 1, 1},
    };
    char label[HUB_LABEL_BYTES];
    HubPart part;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        hub_label(rows[i].path, label);
        hub_part(rows[i].path, &part);
        if (strcmp(label, rows[i].label) != 0 || part.part != rows[i].part || part.of != rows[i].of)
            fail_msg("%s: \"%s\", %d of %d", rows[i].path, label, part.part, part.of);
    }
    assert_int_equal(hub_label_rank("Q4_K_M"), 0);
    assert_true(hub_label_rank("Q4_K_S") < hub_label_rank("Q8_0"));
    assert_true(hub_label_rank("Q8_0") < hub_label_rank("Q2_K"));
    assert_true(hub_label_rank("Q4_0_4_4") > hub_label_rank("F32"));
}

static void files_have_names_that_tell_them_apart(void **state)
{
    (void)state;
    static const struct {
        const char *repo, *path, *name;
    } rows[] = {
        {"Tiny-GGUF", "Tiny-Q4_K_M.gguf", "Tiny-Q4_K_M.gguf"},
        {"Tiny-GGUF", "sub/tiny.Q4_K_M.gguf", "tiny.Q4_K_M.gguf"},
        {"Foo-i1-GGUF", "Foo.i1-Q4_0.gguf", "Foo.i1-Q4_0.gguf"},
        {"Tiny-GGUF", "ggml-model-q4_0.gguf", "Tiny-ggml-model-q4_0.gguf"},
        {"gguf", "x.gguf", "gguf-x.gguf"},
    };
    HubName name = {.owner = "owner"};
    char text[64];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        strcpy(name.repo, rows[i].repo);
        assert_int_equal(hub_file_name(&name, rows[i].path, false, text, sizeof text, NULL), 0);
        assert_string_equal(text, rows[i].name);
    }
    assert_int_equal(hub_file_name(&name, "x.gguf", true, text, sizeof text, NULL), 0);
    assert_string_equal(text, "owner_gguf-x.gguf");
    assert_int_equal(hub_file_name(&name, "x.gguf", true, text, 10, NULL), -1);
}

static void the_environment_is_read_as_the_hubs_tools_do(void **state)
{
    (void)state;
    HubPlace got;
    Err err = {0};
    char path[128];
    unsetenv("HF_ENDPOINT");
    assert_int_equal(hub_place(&got, &err), 0);
    assert_string_equal(got.endpoint, "https://huggingface.co");
    assert_string_equal(got.token, "");

    file_write_text(in(place.root, "token"), "hf_file\n");
    assert_int_equal(hub_place(&got, &err), 0);
    assert_string_equal(got.token, "hf_file");
    snprintf(path, sizeof path, "%s/elsewhere", place.root);
    setenv("HF_TOKEN_PATH", path, 1);
    assert_int_equal(hub_place(&got, &err), 0);
    assert_string_equal(got.token, ""); /* that file is not there, and no other is looked for */
    file_write_text(path, "hf_elsewhere");
    assert_int_equal(hub_place(&got, &err), 0);
    assert_string_equal(got.token, "hf_elsewhere");
    setenv("HUGGING_FACE_HUB_TOKEN", "hf_old", 1);
    assert_int_equal(hub_place(&got, &err), 0);
    assert_string_equal(got.token, "hf_old");
    setenv("HF_TOKEN", "hf_new", 1);
    assert_int_equal(hub_place(&got, &err), 0);
    assert_string_equal(got.token, "hf_new");
    setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "yes", 1);
    assert_int_equal(hub_place(&got, &err), 0);
    assert_string_equal(got.token, "");
    unsetenv("HF_HUB_DISABLE_IMPLICIT_TOKEN");
    unlink(in(place.root, "token"));
    unlink(path);

    setenv("HF_ENDPOINT", "https://mirror.example/hub//", 1);
    assert_int_equal(hub_place(&got, &err), 0);
    assert_string_equal(got.endpoint, "https://mirror.example/hub");
    assert_string_equal(got.token, "hf_new");
    setenv("HF_ENDPOINT", "http://mirror.example", 1);
    assert_int_equal(hub_place(&got, &err), 0);
    assert_true(got.withheld); /* nobody on the way is to read it */
    assert_string_equal(got.token, "");
    static const char *const bad[] = {"ftp://a",        "huggingface.co",    "https://a:b@c",
                                      "https://a/?b=c", "https://a b",       "file:///etc",
                                      "https://a/#b",   "https://a\r\nX: y", "//"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        setenv("HF_ENDPOINT", bad[i], 1);
        err = (Err){0};
        if (hub_place(&got, &err) == 0)
            fail_msg("%s is an endpoint", bad[i]);
        assert_int_equal(err.code, EXIT_USAGE);
    }
    setenv("HF_ENDPOINT", place.endpoint, 1);
    setenv("HF_TOKEN", "hf\x01secret", 1);
    fails("owner/Tiny-GGUF", EXIT_USAGE, "token");
    assert_null(strstr(said, "secret"));
    char *bytes = malloc(5000);
    memset(bytes, 'x', 4999);
    bytes[4999] = '\0';
    setenv("HF_TOKEN", bytes, 1);
    free(bytes);
    fails("owner/Tiny-GGUF", EXIT_USAGE, "too long");
}

static int set_up(void **state)
{
    (void)state;
    temp_folder_make(place.root);
    snprintf(place.models, sizeof place.models, "%s/models", place.root);
    snprintf(place.www, sizeof place.www, "%s/www", place.root);
    if (mkdir(place.models, 0700) != 0 || mkdir(place.www, 0700) != 0)
        return -1;
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j < MODEL_BYTES; j++)
            place.data[i][j] = (char)(j * 7 + j / 251 + i);
        file_write(in(place.root, "data"), place.data[i], MODEL_BYTES);
        if (sha256_file(in(place.root, "data"), place.hash[i], NULL, NULL, NULL) != 0)
            return -1;
    }
    web_start(&place.hub, place.www, "hub.log");
    web_start(&place.other, place.www, "other.log");
    snprintf(place.endpoint, sizeof place.endpoint, "http://127.0.0.1:%d", place.hub.port);
    return setenv("S2D_MODELS", place.models, 1) || setenv("XDG_CACHE_HOME", place.root, 1) ||
                   setenv("XDG_STATE_HOME", place.root, 1) || setenv("no_proxy", "*", 1)
               ? -1
               : 0;
}

static int tear_down(void **state)
{
    (void)state;
    web_stop(&place.hub);
    web_stop(&place.other);
    temp_folder_remove(place.root);
    return 0;
}

#define HUB_TEST(test) cmocka_unit_test_setup(test, set_up_test)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HUB_TEST(a_model_is_fetched_and_has_a_name),
        HUB_TEST(another_model_of_that_name_is_left_alone),
        HUB_TEST(parts_are_fetched_together),
        HUB_TEST(what_came_is_gone_on_from),
        HUB_TEST(nothing_is_fetched_without_a_yes),
        HUB_TEST(the_nearest_is_taken_and_said),
        HUB_TEST(the_token_goes_to_the_hub_alone),
        HUB_TEST(what_the_server_refuses_is_said),
        HUB_TEST(lies_about_a_file_are_found),
        HUB_TEST(lists_that_lie_are_refused),
        HUB_TEST(answers_that_are_none_are_refused),
        HUB_TEST(a_server_that_says_nothing_is_left),
        HUB_TEST(names_are_read),
        HUB_TEST(labels_are_read),
        HUB_TEST(files_have_names_that_tell_them_apart),
        HUB_TEST(the_environment_is_read_as_the_hubs_tools_do),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
