/* hub.c - see hub.h.
 *
 * The parts of a file are kept as NAME.HHHHHHHH.part with the first digits of its hash, so that what
 * is left of one file is never continued with the bytes of another that would have its name.
 */
#include "app/pull/hub.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/base/file_hash.h"
#include "app/base/paths.h"
#include "app/base/print.h"
#include "app/profile/catalog.h"
#include "app/pull/fetch.h"
#include "app/pull/pull_bar.h"
#include "app/pull/store.h"

enum { URL_BYTES = HUB_ENDPOINT_BYTES + HUB_REPO_BYTES + 3 * HUB_PATH_BYTES + 64 };

static HttpAccess access_of(const HubPlace *place, int stall_seconds)
{
    return (HttpAccess){.token = place->token[0] ? place->token : NULL,
                        .plain = place->plain,
                        .stall_seconds = stall_seconds};
}

int hub_find(Hub *hub, const char *name, int stall_seconds, Err *err)
{
    char url[URL_BYTES];
    size_t bytes;
    *hub = (Hub){0};
    if (hub_place(&hub->place, err) != 0 ||
        hub_name_parse(&hub->name, name, hub->place.endpoint, err) != 0)
        return -1;
    snprintf(hub->repo, sizeof hub->repo, "%s/%s", hub->name.owner, hub->name.repo);
    snprintf(url, sizeof url, "%s/api/models/%s?blobs=true", hub->place.endpoint, hub->repo);
    if (hub->place.withheld)
        print_report(stderr, "%s is not asked with your token: it is not https\n",
                     hub->place.endpoint);
    HttpAccess access = access_of(&hub->place, stall_seconds);
    char *answer = http_text(url, &access, hub->repo, HUB_ANSWER_MAX, &bytes, err);
    if (!answer)
        return -1;
    int result = hub_list_parse(&hub->list, answer, bytes, hub->repo, err);
    free(answer);
    if (result == 0 && hub_choose(&hub->set, &hub->list, hub->name.pick, hub->repo, err) != 0) {
        hub_list_close(&hub->list);
        result = -1;
    }
    return result;
}

void hub_close(Hub *hub)
{
    hub_list_close(&hub->list);
    *hub = (Hub){0};
}

/* Whether `name` begins with the first `length` letters and digits of `start`, whatever signs stand
 * between them: "Foo.i1-Q4_0.gguf" begins with "Foo-i1". */
static bool begins_with(const char *name, const char *start, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        bool sign = !isalnum((unsigned char)start[i]);
        if (sign ? isalnum((unsigned char)name[i]) || name[i] == '\0'
                 : tolower((unsigned char)name[i]) != tolower((unsigned char)start[i]))
            return false;
    }
    return true;
}

int hub_file_name(const HubName *name, const char *path, bool with_owner, char *text, size_t size,
                  Err *err)
{
    const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
    size_t repo = strlen(name->repo);
    if (repo > 5 && strcasecmp(name->repo + repo - 4, "gguf") == 0 &&
        !isalnum((unsigned char)name->repo[repo - 5]))
        repo -= 5;
    bool with_repo = !begins_with(file, name->repo, repo);
    int n =
        snprintf(text, size, "%s%s%.*s%s%s", with_owner ? name->owner : "", with_owner ? "_" : "",
                 with_repo ? (int)repo : 0, name->repo, with_repo ? "-" : "", file);
    return n > 0 && (size_t)n < size
               ? 0
               : err_set(err, EXIT_DATA, "%.200s: the name is too long", file);
}

/* What stands where a file is to be. */
typedef enum Stand { STAND_FREE, STAND_WHOLE, STAND_TAKEN } Stand;

static Stand look(const HubFile *file, const char *path)
{
    char hash[SHA256_TEXT];
    struct stat status;
    if (lstat(path, &status) != 0)
        return STAND_FREE;
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode) ||
        (uint64_t)status.st_size != file->bytes || file_hash_one(path, hash, NULL) != 0 ||
        strcmp(hash, file->sha256) != 0)
        return STAND_TAKEN;
    return STAND_WHOLE;
}

static int path_of(const Hub *hub, int index, bool with_owner, char name[HUB_PATH_BYTES],
                   char path[PATH_BYTES], Err *err)
{
    if (hub_file_name(&hub->name, hub->set.files[index]->path, with_owner, name, 240, err) != 0)
        return -1;
    return paths_get(PLACE_MODELS, name, path, PATH_BYTES, err);
}

/* Names under which no other model lies: with_owner, and which of the files are here. needs: bytes
 * of those that are not. */
static int settle_names(const Hub *hub, bool *with_owner, bool here[HUB_PARTS_MAX], uint64_t *needs,
                        Err *err)
{
    char name[HUB_PATH_BYTES], path[PATH_BYTES];
    for (int attempt = 0; attempt < 2; attempt++) {
        bool taken = false;
        *with_owner = attempt == 1;
        *needs = 0;
        for (int i = 0; i < hub->set.n && !taken; i++) {
            if (path_of(hub, i, *with_owner, name, path, err) != 0)
                return -1;
            Stand stand = look(hub->set.files[i], path);
            taken = stand == STAND_TAKEN;
            here[i] = stand == STAND_WHOLE;
            *needs += here[i] ? 0 : hub->set.files[i]->bytes;
        }
        if (!taken)
            return 0;
    }
    return err_set(err, EXIT_DATA, "%.300s is there and is something else; move it away first",
                   path);
}

/* A path as a URL has it, after what is there already; -1 = no room. */
static int add_escaped(char *url, const char *path)
{
    static const char hex[] = "0123456789ABCDEF";
    size_t length = strlen(url);
    for (const char *c = path; *c; c++) {
        unsigned char byte = (unsigned char)*c;
        if (length + 4 > URL_BYTES)
            return -1;
        if (isalnum(byte) || strchr("-._~/", byte)) {
            url[length++] = *c;
            continue;
        }
        url[length++] = '%';
        url[length++] = hex[byte >> 4];
        url[length++] = hex[byte & 15];
    }
    url[length] = '\0';
    return 0;
}

/* Removes part files of a name that is whole: also those of former versions of it. */
static void sweep_parts(const char *folder, const char *name)
{
    char path[PATH_BYTES];
    size_t length = strlen(name);
    DIR *entries = opendir(folder);
    for (struct dirent *entry; entries && (entry = readdir(entries)) != NULL;) {
        const char *rest = entry->d_name + length;
        if (strncmp(entry->d_name, name, length) != 0 || rest[0] != '.' ||
            strspn(rest + 1, "0123456789abcdef") != 8 || strcmp(rest + 9, ".part") != 0)
            continue;
        int n = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (n > 0 && (size_t)n < sizeof path)
            unlink(path);
    }
    if (entries)
        closedir(entries);
}

static int fetch_file(const Hub *hub, const HubFile *file, const char *folder, const char *name,
                      const char *path, Err *err)
{
    char url[URL_BYTES], part[PATH_BYTES], part_name[HUB_PATH_BYTES], text[16];
    PullBar bar = {"fetching", name, file->bytes, false, 0};
    Fetch fetch = {folder, part_name, file->bytes, pull_bar_draw, &bar};
    StoreFile stored = {name, file->sha256, file->bytes};
    HttpAccess access = access_of(&hub->place, 0);
    bool moved;
    snprintf(part_name, sizeof part_name, "%.240s.%.8s", name, file->sha256);
    snprintf(url, sizeof url, "%s/%s/resolve/%s/", hub->place.endpoint, hub->repo,
             hub->list.revision);
    if (add_escaped(url, file->path) != 0)
        return err_set(err, EXIT_DATA, "%.200s: the name is too long", file->path);
    print_report(stderr, "%s: %s from %s\n", name,
                 catalog_size_text(file->bytes, text, sizeof text), url);
    Err reason = {0};
    int result = fetch_https(&fetch, url, &access, part, &moved, &reason);
    pull_bar_end(&bar);
    if (result == 0 && store_finish(&stored, folder, part, path, &reason) == 0) {
        sweep_parts(folder, name);
        return 0;
    }
    return err_set(err, reason.code, "%.400s%s", reason.text,
                   moved && reason.code == EXIT_IO ? "; the same command goes on from there" : "");
}

static int fetch_set(const Hub *hub, const char *folder, Err *err)
{
    char name[HUB_PATH_BYTES], path[PATH_BYTES], first[HUB_PATH_BYTES];
    bool with_owner, here[HUB_PARTS_MAX];
    uint64_t needs;
    if (settle_names(hub, &with_owner, here, &needs, err) != 0 ||
        store_space(hub->repo, needs, folder, err) != 0)
        return -1;
    for (int i = 0; i < hub->set.n; i++) {
        if (path_of(hub, i, with_owner, name, path, err) != 0)
            return -1;
        if (i == 0)
            snprintf(first, sizeof first, "%s", name);
        if (here[i])
            sweep_parts(folder, name);
        else if (fetch_file(hub, hub->set.files[i], folder, name, path, err) != 0)
            return -1;
        print_report(stderr, "%s: %s: %s\n", hub->repo,
                     here[i] ? "is here and verified" : "verified", path);
    }
    catalog_short_name(first, name, sizeof name);
    print_report(stderr, "%s: `s2d -m %s` loads it\n", hub->repo, name);
    return 0;
}

int hub_pull(const Hub *hub, Err *err)
{
    char folder[PATH_BYTES];
    if (hub->set.note[0])
        print_report(stderr, "%s: %s\n", hub->repo, hub->set.note);
    if (paths_make(PLACE_MODELS, err) != 0 ||
        paths_get(PLACE_MODELS, NULL, folder, sizeof folder, err) != 0)
        return -1;
    int lock = store_lock(folder, err);
    if (lock < 0)
        return -1;
    int result = fetch_set(hub, folder, err);
    close(lock);
    return result;
}
