/* config.c - see config.h. */
#include "app/profile/config.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/base/paths.h"
#include "app/base/save_file.h"
#include "app/profile/config_schema.h"
#include "app/profile/yaml_values.h"

static int read_words(YamlReader *reader, const RawConfig *raw, Config *config)
{
    if (raw->theme && !theme_find(raw->theme, &config->theme))
        return yaml_fail(reader, "theme", "\"%.40s\" is none of auto, dark, light, contrast, none",
                         raw->theme);
    config->mouse = !raw->mouse || strcmp(raw->mouse, "on") == 0;
    if (!config->mouse && strcmp(raw->mouse, "off") != 0)
        return yaml_fail(reader, "mouse", "\"%.40s\" is neither on nor off", raw->mouse);
    if (raw->profile && !*raw->profile)
        return yaml_fail(reader, "profile", "a profile is named here, or nothing");
    return yaml_text(reader, raw->profile, &config->profile);
}

static int read_folders(YamlReader *reader, const RawConfig *raw, Config *config)
{
    const char *home = getenv("HOME");
    for (unsigned i = 0; i < raw->models_count; i++) {
        const char *folder = raw->models[i];
        char path[SCAN_PATH_BYTES], whole[PATH_BYTES];
        snprintf(path, sizeof path, "models[%u]", i);
        bool in_home = folder[0] == '~' && (folder[1] == '/' || folder[1] == '\0');
        if (folder[0] != '/' && !(in_home && home && home[0] == '/'))
            return yaml_fail(reader, path,
                             "\"%.60s\" is no folder that begins with a slash or with ~/", folder);
        int n = snprintf(whole, sizeof whole, "%s%s", in_home ? home : "", folder + in_home);
        if (n < 0 || (size_t)n >= sizeof whole)
            return yaml_fail(reader, path, "the path is too long");
        if (yaml_text(reader, whole, &config->folders[config->n_folders]) != 0)
            return -1;
        config->n_folders++;
    }
    return 0;
}

static int read_keys(YamlReader *reader, const RawConfig *raw, Config *config)
{
    char path[SCAN_PATH_BYTES], name[SHORTCUT_NAME];
    int number;
    Err why = {0};
    for (number = 1; raw->keys && number <= SHORTCUT_MOST; number++) {
        snprintf(path, sizeof path, "keys.%s", shortcut_name(number, name));
        if (raw->keys[number - 1] &&
            key_bindings_add(&config->keys, number, raw->keys[number - 1], &why) != 0)
            return yaml_fail(reader, path, "%s", why.text);
    }
    if (shortcuts_check(&config->keys, &number, &why) == 0)
        return 0;
    snprintf(path, sizeof path, "keys.%s", shortcut_name(number, name));
    return yaml_fail(reader, path, "%s", why.text);
}

static int read_roles(YamlReader *reader, const ConfigSchema *schema, const RawConfig *raw,
                      Config *config)
{
    for (int i = 0; raw->roles && i < schema->n_roles; i++) {
        char path[SCAN_PATH_BYTES];
        ConfigRole *role = &config->roles[i];
        snprintf(path, sizeof path, "roles.%s", schema->roles[i]);
        if (!raw->roles[i] || !*raw->roles[i])
            return yaml_fail(reader, path, "the role's system message is missing");
        if (yaml_text(reader, raw->roles[i], &role->system) != 0)
            return -1;
        strcpy(role->name, schema->roles[i]);
        config->n_roles++;
    }
    return 0;
}

static int read_sampling(YamlReader *reader, const RawSampling *raw, Config *config)
{
    if (!raw)
        return 0;
    config->has_temperature = raw->temperature;
    config->has_top_k = raw->top_k;
    config->has_top_p = raw->top_p;
    config->has_seed = raw->seed;
    config->has_stops = raw->stop_count > 0;
    Profile profile = {0};
    if (sampling_read(reader, raw, &profile) != 0)
        return -1;
    config->temperature = profile.temperature;
    config->top_k = profile.top_k;
    config->top_p = profile.top_p;
    config->seed = profile.seed;
    config->stops = profile.stops;
    return 0;
}

static int read_config(YamlReader *reader, const ConfigSchema *schema, const RawConfig *raw,
                       Config *config)
{
    return read_words(reader, raw, config) != 0 || read_folders(reader, raw, config) != 0 ||
                   read_keys(reader, raw, config) != 0 ||
                   read_roles(reader, schema, raw, config) != 0 ||
                   read_sampling(reader, raw->sampling, config) != 0
               ? -1
               : 0;
}

static int no_memory(const char *path, Err *err)
{
    return err_set(err, EXIT_MEMORY, "no memory for reading %.300s", path);
}

int config_parse(Config *config, const char *yaml, size_t bytes, const char *path, Err *err)
{
    memset(config, 0, sizeof *config);
    Scan *scan = malloc(sizeof *scan);
    ConfigSchema *schema = malloc(sizeof *schema);
    void *data = NULL;
    int status = scan && schema ? 0 : no_memory(path, err);
    if (status == 0 && (scan_yaml(scan, yaml, bytes, path, "a config file", err) != 0 ||
                        config_schema_make(schema, scan, err) != 0 ||
                        yaml_take(&data, &schema->value, yaml, bytes, scan, err) != 0))
        status = -1;
    if (status == 0)
        status =
            read_config(&(YamlReader){scan, err}, schema, data ? data : &(RawConfig){0}, config);
    if (data)
        yaml_drop(&schema->value, data);
    config->path = status == 0 ? strdup(path) : NULL;
    if (status == 0 && !config->path)
        status = no_memory(path, err);
    free(scan);
    free(schema);
    if (status != 0)
        config_close(config);
    return status;
}

void config_close(Config *config)
{
    free(config->path);
    free(config->profile);
    for (int i = 0; i < config->n_folders; i++)
        free(config->folders[i]);
    for (int i = 0; i < config->n_roles; i++)
        free(config->roles[i].system);
    memset(config, 0, sizeof *config);
}

int config_path(char *path, bool *named, Err *err)
{
    const char *name = getenv("S2D_CONFIG");
    *named = name && *name;
    if (!*named)
        return paths_get(PLACE_CONFIG, "s2d.yaml", path, PATH_BYTES, err);
    int n = snprintf(path, PATH_BYTES, "%s", name);
    return n < PATH_BYTES ? 0 : err_set(err, EXIT_NOINPUT, "S2D_CONFIG: the path is too long");
}

int config_choose(const char *path, Err *err)
{
    if (*path == '\0')
        return err_set(err, EXIT_USAGE, "--config: which file?");
    return setenv("S2D_CONFIG", path, 1) == 0 ? 0 : err_set(err, EXIT_MEMORY, "out of memory");
}

int config_open(Config *config, Err *err)
{
    char path[PATH_BYTES];
    bool named;
    memset(config, 0, sizeof *config);
    config->mouse = true;
    if (config_path(path, &named, NULL) != 0) /* no home: nor a file in it */
        return named ? err_set(err, EXIT_NOINPUT, "S2D_CONFIG: the path is too long") : 0;
    if (strcmp(path, "/dev/null") == 0) /* no file is read that is no regular one, but for this */
        return 0;
    char *data = malloc(SCAN_BYTES_MAX + 1);
    if (!data)
        return no_memory(path, err);
    ssize_t length = read_start(path, data, SCAN_BYTES_MAX + 1);
    int status = 0;
    if (length >= 0)
        status = config_parse(config, data, (size_t)length, path, err);
    else if (named || (errno != ENOENT && errno != ENOTDIR))
        status = err_set(err, errno == ENOENT ? EXIT_NOINPUT : EXIT_IO,
                         "cannot read the config file %.300s: %s", path, strerror(errno));
    free(data);
    return status;
}

const char *config_roles_text(const Config *config, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < config->n_roles && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", i > 0 ? ", " : "",
                                 config->roles[i].name);
    return text;
}

const ConfigRole *config_role(const Config *config, const char *name, Err *err)
{
    char names[256];
    for (int i = 0; i < config->n_roles; i++)
        if (strcmp(config->roles[i].name, name) == 0)
            return &config->roles[i];
    if (config->n_roles == 0)
        err_set(err, EXIT_USAGE,
                "there is no role \"%.40s\", nor any other: `roles:` in s2d.yaml names them", name);
    else
        err_set(err, EXIT_USAGE, "there is no role \"%.40s\"; there are %s", name,
                config_roles_text(config, names, sizeof names));
    return NULL;
}

void config_lay_over(const Config *config, Profile *profile)
{
    if (config->has_temperature)
        profile->temperature = config->temperature;
    if (config->has_top_k)
        profile->top_k = config->top_k;
    if (config->has_top_p)
        profile->top_p = config->top_p;
    if (config->has_seed)
        profile->seed = config->seed;
    if (config->has_stops)
        profile->stops = config->stops;
}
