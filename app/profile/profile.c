/* profile.c - see profile.h.
 *
 * YAML -> scan_yaml (places, depth, aliases) -> libcyaml (structs of strings, by the schema below)
 * -> numbers, ranges and what must agree with what -> Profile.
 *
 * Numbers come through libcyaml as strings: left to itself, libcyaml 1.3.1 reads 0.5x as 0.5, takes
 * nan, and lets 1e999 through.
 */
#include "app/profile/profile.h"

#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/base/paths.h"
#include "app/base/save_file.h"
#include "app/profile/profile_schema.h"
#include "app/profile/yaml_values.h"
#include "engine/session/session.h"
#include "engine/text/template.h"

enum {
    TOKENS_MAX = 1 << 20, /* of a context or an answer */
    THREADS_MAX = 1024,
};

static int read_draft(YamlReader *reader, const RawDraft *raw, Profile *profile)
{
    if (!raw)
        return 0;
    if (yaml_text(reader, raw->base, &profile->draft_base) != 0 ||
        yaml_text(reader, raw->short_list, &profile->draft_list) != 0 ||
        yaml_text(reader, raw->adapter, &profile->draft_adapter) != 0 ||
        yaml_int(reader, raw->layers, "draft.layers", 0, LAYERS_MAX, &profile->draft_layers) != 0)
        return -1;
    int deepest = profile->draft_layers > 0 ? profile->draft_layers : LAYERS_MAX;
    for (unsigned i = 0; i < raw->exits_count; i++) {
        char path[SCAN_PATH_BYTES];
        snprintf(path, sizeof path, "draft.exits[%u]", i);
        if (yaml_int(reader, raw->exits[i], path, 1, deepest, &profile->exits[i]) != 0)
            return -1;
        if (i > 0 && profile->exits[i] <= profile->exits[i - 1])
            return yaml_fail(reader, path, "exits go from shallow to deep, %d does not follow %d",
                             profile->exits[i], profile->exits[i - 1]);
    }
    profile->n_exits = (int)raw->exits_count;
    if (profile->draft_list && !*profile->draft_list)
        return yaml_fail(reader, "draft.short_list", "a file is named here, or nothing");
    if (profile->draft_adapter && !*profile->draft_adapter)
        return yaml_fail(reader, "draft.adapter", "a file is named here, or nothing");
    profile->draft_exact = raw->requantise && strcmp(raw->requantise, "off") == 0;
    if (raw->requantise && !profile->draft_exact && strcmp(raw->requantise, "auto") != 0)
        return yaml_fail(reader, "draft.requantise", "\"%.40s\" is neither auto nor off",
                         raw->requantise);
    return 0;
}

int profile_thresholds(const Profile *profile)
{
    return profile->n_exits > 0 ? profile->n_exits : 1;
}

static int read_drafter(YamlReader *reader, const char *raw, int index, ProfileTarget *target)
{
    char path[SCAN_PATH_BYTES];
    DrafterChoice choice;
    char names[DRAFTER_NAMES_BYTES];
    if (raw == NULL)
        return 0;
    snprintf(path, sizeof path, "targets[%d].drafter", index);
    if (strlen(raw) >= sizeof target->drafter || drafter_parse(raw, &choice) != 0 || choice.file)
        return yaml_fail(reader, path, "\"%.40s\" is none of %s; a head's file is named by `head:`",
                         raw, drafter_names(", ", names));
    strcpy(target->drafter, raw);
    return 0;
}

static int read_target(YamlReader *reader, const RawTarget *raw, int index, Profile *profile)
{
    ProfileTarget *target = &profile->targets[index];
    profile->n_targets = index + 1; /* from here on profile_close knows it */
    if (yaml_text(reader, raw->model, &target->model) != 0 ||
        yaml_text(reader, raw->head, &target->head) != 0 ||
        read_drafter(reader, raw->drafter, index, target) != 0)
        return -1;

    char path[SCAN_PATH_BYTES];
    int exits = profile_thresholds(profile);
    snprintf(path, sizeof path, "targets[%d].thresholds", index);
    if (raw->thresholds_count > 0 && !profile->draft_base)
        return yaml_fail(reader, path,
                         "thresholds belong to the exits of a draft, and there is no draft");
    if (raw->thresholds_count > 0 && (int)raw->thresholds_count != exits)
        return yaml_fail(reader, path, "%u given, but there %s %d exit%s, and each has one",
                         raw->thresholds_count, exits == 1 ? "is" : "are", exits,
                         exits == 1 ? "" : "s");
    for (unsigned i = 0; i < raw->thresholds_count; i++) {
        snprintf(path, sizeof path, "targets[%d].thresholds[%u]", index, i);
        if (yaml_decimal(reader, raw->thresholds[i], path, 0, 1, &target->thresholds[i]) != 0)
            return -1;
    }
    target->n_thresholds = (int)raw->thresholds_count;
    return 0;
}

static int read_tree(YamlReader *reader, const RawTree *raw, Profile *profile)
{
    profile->tree_auto = !raw || raw->mode;
    if (!raw)
        return 0;
    if (raw->mode && strcmp(raw->mode, "auto") != 0)
        return yaml_fail(reader, "tree.mode", "\"%.40s\" is no mode; `auto` is the only one",
                         raw->mode);
    if (raw->mode && (raw->depth || raw->width || raw->nodes))
        return yaml_fail(reader, "tree", "either `mode: auto`, or depth, width and nodes");
    if (raw->mode)
        return 0;
    if (!raw->depth || !raw->width || !raw->nodes)
        return yaml_fail(reader, "tree", "either `mode: auto`, or all of depth, width and nodes");
    if (yaml_int(reader, raw->depth, "tree.depth", 1, DEPTH_MAX, &profile->tree_depth) != 0 ||
        yaml_int(reader, raw->width, "tree.width", 1, NODES_MAX - 1, &profile->tree_width) != 0 ||
        yaml_int(reader, raw->nodes, "tree.nodes", 1, NODES_MAX - 1, &profile->tree_nodes) != 0)
        return -1;
    return 0;
}

static int read_profile(YamlReader *reader, const RawProfile *raw, Profile *profile)
{
    if (yaml_text(reader, reader->scan->file, &profile->path) != 0 ||
        yaml_text(reader, raw->name, &profile->name) != 0 ||
        yaml_text(reader, raw->system, &profile->system) != 0 ||
        yaml_text(reader, raw->template, &profile->template) != 0 ||
        yaml_text(reader, raw->device ? raw->device : "auto", &profile->device) != 0 ||
        read_draft(reader, raw->draft, profile) != 0)
        return -1;
    for (unsigned i = 0; i < raw->targets_count; i++)
        if (read_target(reader, &raw->targets[i], (int)i, profile) != 0)
            return -1;
    if (read_tree(reader, raw->tree, profile) != 0 ||
        sampling_read(reader, raw->sampling, profile) != 0 ||
        yaml_int(reader, raw->context, "context", 0, TOKENS_MAX, &profile->context) != 0 ||
        yaml_int(reader, raw->max_tokens, "max_tokens", 0, TOKENS_MAX, &profile->max_tokens) != 0 ||
        yaml_int(reader, raw->threads, "threads", 0, THREADS_MAX, &profile->threads) != 0)
        return -1;
    if (raw->kv && kv_type_parse(raw->kv, &profile->kv) != 0)
        return yaml_fail(reader, "kv", "\"%.40s\" is neither f16 nor q8", raw->kv);
    if (raw->think && think_parse(raw->think, &profile->think) != 0)
        return yaml_fail(reader, "think", "\"%.40s\" is none of auto, on, off", raw->think);
    struct tm date;
    if (raw->date && template_date(&date, raw->date) != 0)
        return yaml_fail(reader, "date", "\"%.40s\" is no date such as 2026-01-31", raw->date);
    snprintf(profile->date, sizeof profile->date, "%s", raw->date ? raw->date : "");
    TemplateKind kind;
    char names[TEMPLATE_NAMES_BYTES];
    if (profile->template && template_by_name(&kind, profile->template) != 0)
        return yaml_fail(reader, "template", "there is no template \"%.40s\"; %s are known",
                         profile->template, template_names(" and ", names, sizeof names));
    static const char *const devices[] = {"auto", "cpu", "cuda"};
    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++)
        if (strcmp(profile->device, devices[i]) == 0)
            return 0;
    return yaml_fail(reader, "device", "\"%.40s\" is no device", profile->device);
}

/* --- public --- */

int profile_parse(Profile *profile, const char *yaml, size_t bytes, const char *path, Err *err)
{
    memset(profile, 0, sizeof *profile);
    Scan *scan = malloc(sizeof *scan);
    if (!scan)
        return err_set(err, EXIT_MEMORY, "no memory for reading %.200s", path);
    if (scan_yaml(scan, yaml, bytes, path, "a profile", err) != 0) {
        free(scan);
        return -1;
    }

    RawProfile *raw;
    int result = schema_load(&raw, yaml, bytes, scan, err);
    if (result == 0) {
        result = read_profile(&(YamlReader){scan, err}, raw, profile);
        schema_free(raw);
    }
    free(scan);
    if (result != 0)
        profile_close(profile);
    return result;
}

void profile_close_target(ProfileTarget *target)
{
    free(target->model);
    free(target->head);
    free(target->accept);
    *target = (ProfileTarget){0};
}

void profile_close(Profile *profile)
{
    free(profile->name);
    free(profile->path);
    free(profile->draft_base);
    free(profile->draft_list);
    free(profile->draft_adapter);
    short_list_close(&profile->draft_ids);
    for (int i = 0; i < profile->n_targets; i++)
        profile_close_target(&profile->targets[i]);
    free(profile->system);
    free(profile->template);
    free(profile->device);
    memset(profile, 0, sizeof *profile);
}

static int find_profile(const char *name, char *path, size_t size, Err *err)
{
    size_t length = strlen(name);
    if (strchr(name, '/') || (length > 5 && strcmp(name + length - 5, ".yaml") == 0)) {
        if (length >= size)
            return err_set(err, EXIT_NOINPUT, "%.200s...: the path is too long", name);
        memcpy(path, name, length + 1);
        return 0;
    }
    char file[256], shipped[PATH_BYTES];
    snprintf(file, sizeof file, "%.240s.yaml", name);
    if (paths_get(PLACE_CONFIG, file, path, size, NULL) == 0 && access(path, F_OK) == 0)
        return 0;
    if (paths_shipped_profiles(shipped, sizeof shipped, err) != 0)
        return -1;
    int n = snprintf(path, size, "%s/%s", shipped, file);
    if (n >= 0 && (size_t)n < size && access(path, F_OK) == 0)
        return 0;
    return err_set(err, EXIT_NOINPUT,
                   "there is no profile \"%.100s\"; `s2d info` lists those there are", name);
}

/* The path of a file that lies beside the profile. */
static int beside(const Profile *profile, const char *name, char path[PATH_BYTES], Err *err)
{
    const char *slash = strrchr(profile->path, '/');
    int folder = slash && name[0] != '/' ? (int)(slash + 1 - profile->path) : 0;
    int n = snprintf(path, PATH_BYTES, "%.*s%s", folder, profile->path, name);
    if (n < 0 || n >= PATH_BYTES)
        return err_set(err, EXIT_NOINPUT, "%.200s...: the path is too long", path);
    return 0;
}

/* A file that the profile names becomes one beside it. */
static int move_beside(const Profile *profile, char **file, Err *err)
{
    char path[PATH_BYTES];
    if (*file == NULL)
        return 0;
    if (beside(profile, *file, path, err) != 0)
        return -1;
    free(*file);
    *file = strdup(path);
    return *file ? 0 : err_set(err, EXIT_MEMORY, "no memory for a profile");
}

/* The short list is read here; the adapter and heads are opened where they are used. */
static int find_files(Profile *profile, Err *err)
{
    char path[PATH_BYTES];
    if (profile->draft_list && (beside(profile, profile->draft_list, path, err) != 0 ||
                                short_list_open(&profile->draft_ids, path, err) != 0))
        return -1;
    for (int i = 0; i < profile->n_targets; i++)
        if (move_beside(profile, &profile->targets[i].head, err) != 0)
            return -1;
    return move_beside(profile, &profile->draft_adapter, err);
}

int profile_open(Profile *profile, const char *name, Err *err)
{
    memset(profile, 0, sizeof *profile);
    char path[PATH_BYTES];
    if (find_profile(name, path, sizeof path, err) != 0)
        return -1;
    char *data = malloc(SCAN_BYTES_MAX + 1);
    if (!data)
        return err_set(err, EXIT_MEMORY, "no memory for reading %.300s", path);
    ssize_t length = read_start(path, data, SCAN_BYTES_MAX + 1);
    int result = length < 0 ? err_set(err, errno == ENOENT ? EXIT_NOINPUT : EXIT_IO,
                                      "cannot read the profile %.300s: %s", path, strerror(errno))
                            : profile_parse(profile, data, (size_t)length, path, err);
    free(data);
    if (result == 0 && find_files(profile, err) != 0) {
        profile_close(profile);
        return -1;
    }
    return result;
}
