/* test_config.c - s2d.yaml: what it says comes through, what is wrong is refused where it stands, and
 * which file is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/base/paths.h"
#include "app/options.h"
#include "app/profile/catalog.h"
#include "tests/support/temp.h"

static int parse(Config *config, const char *yaml, Err *err)
{
    *err = (Err){0};
    return config_parse(config, yaml, strlen(yaml), "c.yaml", err);
}

static void everything_comes_through(void **state)
{
    (void)state;
    Config c;
    Err err;
    setenv("HOME", "/home/me", 1);
    const char *yaml = "theme: contrast\nmouse: off\nprofile: smollm2\n"
                       "models: [~/m, /srv/models, ~]\n"
                       "keys: {help: f12, quit: Ctrl-q, export: none}\n"
                       "roles:\n  a-1: Be brief.\n  b: |\n    Two\n    lines\n"
                       "sampling: {temperature: 0.5, top_k: 3, stop: ['You:']}\n";
    if (parse(&c, yaml, &err) != 0)
        fail_msg("%s", err.text);
    assert_string_equal(c.path, "c.yaml");
    assert_int_equal(c.theme, THEME_CONTRAST);
    assert_false(c.mouse);
    assert_string_equal(c.profile, "smollm2");
    assert_int_equal(c.n_folders, 3);
    assert_string_equal(c.folders[0], "/home/me/m");
    assert_string_equal(c.folders[1], "/srv/models");
    assert_string_equal(c.folders[2], "/home/me");
    assert_int_equal(c.keys.n, 3);
    assert_int_equal(key_bindings_function(&c.keys, 12), 1);
    assert_int_equal(c.n_roles, 2);
    assert_string_equal(c.roles[0].name, "a-1");
    assert_string_equal(config_role(&c, "b", &err)->system, "Two\nlines\n");
    assert_null(config_role(&c, "c", &err));
    assert_string_equal(err.text, "there is no role \"c\"; there are a-1, b");
    Profile profile = {.temperature = 1, .top_k = 1, .top_p = 0.25, .seed = 9};
    config_lay_over(&c, &profile);
    assert_true(profile.temperature == 0.5 && profile.top_k == 3 && profile.top_p == 0.25);
    assert_true(profile.seed == 9 && profile.stops.n == 1);
    config_close(&c);
    config_close(&c);
}

static void nothing_is_fine(void **state)
{
    (void)state;
    static const char *const yamls[] = {"", "# only this\n", "roles: {}\n",
                                        "keys: {}\nmodels: []\n"};
    for (size_t i = 0; i < sizeof yamls / sizeof *yamls; i++) {
        Config c;
        Err err;
        if (parse(&c, yamls[i], &err) != 0)
            fail_msg("<%s>: %s", yamls[i], err.text);
        assert_int_equal(c.theme, THEME_AUTO);
        assert_true(c.mouse);
        assert_null(c.profile);
        Profile profile = {.temperature = 1, .seed = 9, .stops.n = 2};
        config_lay_over(&c, &profile);
        assert_true(profile.temperature == 1 && profile.seed == 9 && profile.stops.n == 2);
        assert_null(config_role(&c, "x", &err));
        config_close(&c);
    }
}

static void what_is_wrong_is_said_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *yaml, *message;
    } cases[] = {
        {"theme: blue", "c.yaml:1:8: theme: \"blue\" is none of auto, dark, light, contrast, none"},
        {"mouse: maybe", "c.yaml:1:8: mouse: \"maybe\" is neither on nor off"},
        {"theme: dark\ncolour: x", "c.yaml:2:1: there is no such key here: colour; known here: "
                                   "theme, mouse, profile, models, keys, roles, sampling"},
        {"keys:\n  halp: F1", "c.yaml:2:3: there is no such key here: halp; known here: help, tar"},
        {"keys: {help: F13}", "c.yaml:1:14: keys.help: \"F13\" is no key such as"},
        {"keys: {help: Ctrl-C}", "c.yaml:1:14: keys.help: Ctrl-C keeps what it does"},
        {"keys: {help: F10}", "c.yaml:1:14: keys.help: F10 is the key of \"quit\""},
        {"keys: {help: F12, quit: F12}", "c.yaml:1:25: keys.quit: F12 is given to another"},
        {"keys: {help: [F1]}", "c.yaml:1:14: a single value is wanted"},
        {"keys: x", "c.yaml:1:7: keys and values are wanted here"},
        {"models: [m]", "c.yaml:1:10: models[0]: \"m\" is no folder that begins"},
        {"models: [/a, ~you]", "c.yaml:1:14: models[1]: \"~you\" is no folder"},
        {"models: [/1, /2, /3, /4, /5, /6, /7, /8, /9]", "c.yaml:1:42: this list is too long"},
        {"roles: {a b: c}", "c.yaml:1:14: roles.a b: a role is a name of up to 31 letters"},
        {"roles: {a.b: c}", "c.yaml:1:14: roles.a.b: a role is a name"},
        {"roles: {a: {b: c}}", "c.yaml:1:16: roles.a.b: a role is a name"},
        {"roles: {a: [b]}", "c.yaml:1:13: roles.a[0]: a role is a name"},
        {"roles: {a: ''}", "c.yaml:1:12: roles.a: the role's system message is missing"},
        {"roles: {a: b, a: c}", "c.yaml:1:15: given twice: a"},
        {"roles: [a]", "c.yaml:1:8: keys and values are wanted here"},
        {"sampling: {temperature: 11}", "c.yaml:1:25: sampling.temperature: 11 is not within"},
        {"sampling: {temp: 1}", "c.yaml:1:12: there is no such key here: temp; known here: temp"},
        {"profile: ''", "c.yaml:1:10: profile: a profile is named here"},
        {"- a", "c.yaml:1:1: a config file is a mapping"},
        {"theme: &a dark", "c.yaml:1:8: anchors and aliases"},
        {"theme: \"\\e[2J\"", "c.yaml:1:8: a control character"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Config c;
        Err err;
        assert_int_equal(parse(&c, cases[i].yaml, &err), -1);
        assert_int_equal(err.code, EXIT_DATA);
        if (strncmp(err.text, cases[i].message, strlen(cases[i].message)) != 0)
            fail_msg("%s\n  got    <%s>\n  wanted <%s>", cases[i].yaml, err.text, cases[i].message);
    }
}

static void many_roles_are_refused(void **state)
{
    (void)state;
    char yaml[4096] = "roles:\n";
    for (int i = 0; i <= ROLES_MAX; i++)
        sprintf(yaml + strlen(yaml), "  r%d: x\n", i);
    Config c;
    Err err;
    assert_int_equal(parse(&c, yaml, &err), -1);
    assert_string_equal(err.text, "c.yaml:66:8: roles.r64: there are more than 64 roles");
}

static char root[TEMP_BYTES];

static int make_root(void **state)
{
    (void)state;
    temp_folder_make(root);
    return setenv("XDG_CONFIG_HOME", root, 1) == 0 && setenv("XDG_CACHE_HOME", root, 1) == 0 &&
                   unsetenv("S2D_CONFIG") == 0 && unsetenv("S2D_MODELS") == 0
               ? 0
               : -1;
}

static int remove_root(void **state)
{
    (void)state;
    temp_folder_remove(root);
    return 0;
}

static const char *file(const char *name, const char *text)
{
    static char path[64];
    snprintf(path, sizeof path, "%s/%s", root, name);
    if (text)
        file_write_text(path, text);
    return path;
}

static void which_file_is_read(void **state)
{
    (void)state;
    Config c;
    Err err = {0};
    assert_int_equal(config_open(&c, &err), 0); /* there is none */
    assert_null(c.path);
    assert_int_equal(c.theme, THEME_AUTO);
    config_close(&c);

    assert_int_equal(mkdir(file("s2d", NULL), 0700), 0);
    file("s2d/s2d.yaml", "theme: light\n");
    assert_int_equal(config_open(&c, &err), 0);
    assert_int_equal(c.theme, THEME_LIGHT);
    assert_string_equal(c.path, file("s2d/s2d.yaml", NULL));
    config_close(&c);

    setenv("S2D_CONFIG", file("other.yaml", "theme: none\n"), 1);
    assert_int_equal(config_open(&c, &err), 0);
    assert_int_equal(c.theme, THEME_NONE);
    config_close(&c);

    assert_int_equal(config_choose(file("third.yaml", "theme: dark\n"), &err), 0);
    assert_int_equal(config_open(&c, &err), 0);
    assert_int_equal(c.theme, THEME_DARK);
    config_close(&c);

    assert_int_equal(config_choose(file("absent.yaml", NULL), &err), 0);
    assert_int_equal(config_open(&c, &err), -1);
    assert_int_equal(err.code, EXIT_NOINPUT);
    assert_int_equal(config_choose(root, &err), 0);
    assert_int_equal(config_open(&c, &err), -1);
    assert_int_equal(config_choose("", &err), -1);
    assert_int_equal(config_choose("/dev/null", &err), 0);
    assert_int_equal(config_open(&c, &err), 0);
    assert_null(c.path);
    config_close(&c);
    unsetenv("S2D_CONFIG");
}

/* Names of the catalog and files; a broken config file is said, not that the model is missing. */
static void models_are_found_in_its_folders(void **state)
{
    (void)state;
    char yaml[128], path[PATH_BYTES];
    Err err = {0};
    assert_int_equal(catalog_resolve("mine.gguf", path, sizeof path, &err), -1);
    mkdir(file("m", NULL), 0700);
    file("m/mine.gguf", "x");
    file("m/smollm2-360m.gguf", "x"); /* the catalog knows no more of it than its name */
    snprintf(yaml, sizeof yaml, "models: [/nowhere, %s/m]\n", root);
    setenv("S2D_CONFIG", file("models.yaml", yaml), 1);
    assert_int_equal(catalog_resolve("mine.gguf", path, sizeof path, &err), 0);
    assert_string_equal(path, file("m/mine.gguf", NULL));
    assert_int_equal(catalog_resolve("smollm2-360m", path, sizeof path, &err), 0);
    assert_string_equal(path, file("m/smollm2-360m.gguf", NULL));
    assert_int_equal(catalog_resolve("not there.gguf", path, sizeof path, &err), -1);
    assert_non_null(strstr(err.text, "no such file"));
    file("models.yaml", "models: 3\n");
    err = (Err){0};
    assert_int_equal(catalog_resolve("mine.gguf", path, sizeof path, &err), -1);
    assert_non_null(strstr(err.text, "models.yaml:1:9: a list is wanted here"));
    unsetenv("S2D_CONFIG");
}

/* The command line over the config file, and that over the profile. */
static void options_win_over_it(void **state)
{
    (void)state;
    file("p.yaml", "name: p\ntargets: [{model: t}]\nsystem: the profile's\n"
                   "sampling: {temperature: 1, top_k: 1, seed: 1, stop: [a]}\n");
    char yaml[256];
    snprintf(yaml, sizeof yaml,
             "profile: %s/p.yaml\nroles: {r: the role's}\n"
             "sampling: {temperature: 2, top_k: 2, stop: [b]}\n",
             root);
    setenv("S2D_CONFIG", file("over.yaml", yaml), 1);
    Request request;
    Err err = {0};
    Options options = {.has_temperature = true, .temperature = 3};
    assert_int_equal(options_request(&options, &request, &err), 0);
    const Profile *got = &request.u.load.profile;
    assert_string_equal(got->name, "p");
    assert_string_equal(got->system, "the profile's");
    assert_true(got->temperature == 3 && got->top_k == 2 && got->seed == 1);
    assert_string_equal(got->stops.text[0], "b");
    request_free(&request);

    options = (Options){.role = "r", .has_stops = true};
    assert_int_equal(options_request(&options, &request, &err), 0);
    assert_string_equal(got->system, "the role's");
    assert_int_equal(got->stops.n, 0); /* --stop none */
    request_free(&request);

    options = (Options){.role = "nobody"};
    assert_int_equal(options_request(&options, &request, &err), -1);
    options = (Options){.profile = "smollm2"};
    err = (Err){0};
    assert_int_equal(options_request(&options, &request, &err), 0);
    assert_string_equal(got->name, "smollm2");
    request_free(&request);

    file("over.yaml", "themes: x\n");
    assert_int_equal(options_request(&options, &request, &err), -1);
    assert_int_equal(err.code, EXIT_DATA);
    unsetenv("S2D_CONFIG");
}

/* The page's example is one, and the page names every key that there is. */
static void the_man_page_tells_it(void **state)
{
    (void)state;
    char page[1 << 14], yaml[1 << 12] = "", word[64];
    FILE *stream = fopen("man/s2d-config.5", "r");
    assert_non_null(stream);
    page[fread(page, 1, sizeof page - 1, stream)] = '\0';
    fclose(stream);
    const char *from = strstr(page, ".Bd"), *to = strstr(page, ".Ed");
    assert_true(from && to);
    for (from = strchr(from, '\n') + 1; from < to; from++)
        if (from[0] == '\\' && from[1] == 'e') /* how mdoc writes a backslash */
            strcat(yaml, "\\"), from++;
        else
            strncat(yaml, from, 1);
    Config c;
    Err err;
    if (parse(&c, yaml, &err) != 0)
        fail_msg("%s", err.text);
    assert_string_equal(c.stops.text[0], "\n\n\n");
    config_close(&c);

    assert_int_equal(parse(&c, "?: x", &err), -1);
    char *known = strstr(err.text, "known here: ");
    assert_non_null(known);
    int n = 0;
    for (char *key = strtok(known + 12, ", "); key; key = strtok(NULL, ", "), n++) {
        snprintf(word, sizeof word, "\n.It Cm %s\n", key);
        if (!strstr(page, word))
            fail_msg("man/s2d-config.5 lacks %s", key);
    }
    assert_int_equal(n, 7);
    assert_int_equal(parse(&c, "keys: {?: x}", &err), -1);
    const char *keys = strstr(page, ".Ql help ,");
    assert_non_null(keys);
    known = strstr(err.text, "known here: ");
    for (char *key = strtok(known + 12, ", "); key; key = strtok(NULL, ", ")) {
        snprintf(word, sizeof word, " %s ", key);
        const char *found = strstr(keys, word);
        if (!found || found > strchr(keys, '\n'))
            fail_msg("man/s2d-config.5 lacks the shortcut %s", key);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_comes_through),
        cmocka_unit_test(nothing_is_fine),
        cmocka_unit_test(what_is_wrong_is_said_with_its_place),
        cmocka_unit_test(many_roles_are_refused),
        cmocka_unit_test(which_file_is_read),
        cmocka_unit_test(models_are_found_in_its_folders),
        cmocka_unit_test(options_win_over_it),
        cmocka_unit_test(the_man_page_tells_it),
    };
    return cmocka_run_group_tests(tests, make_root, remove_root);
}
