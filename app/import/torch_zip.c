/* torch_zip.c - see torch_zip.h. */
#include "app/import/torch_zip.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

enum {
    ENTRY_NAME_BYTES = 512,
    INFLATES_TO = 1032, /* bytes, from one at most */
    SKIP_BYTES = 1 << 16,
};

typedef struct EntryName {
    const char *name; /* libzip's */
    zip_uint64_t index;
} EntryName;

struct TorchZip {
    const ByteSource *source;
    zip_uint64_t at; /* where libzip is in it */
    zip_error_t error;
    Err read_err; /* why the source could not be read, which libzip has no words for */
    zip_t *zip;
    EntryName *names; /* sorted */
    size_t n;
    const char *folder; /* its first `folder_bytes` bytes */
    size_t folder_bytes;
    /* The entry that is being read, if any. */
    zip_file_t *open;
    zip_uint64_t open_index, open_at, open_bytes;
    bool open_seeks;
};

/* libzip's way to the source. */
static zip_int64_t give(void *user, void *data, zip_uint64_t bytes, zip_source_cmd_t what)
{
    TorchZip *zip = user;
    switch (what) {
    case ZIP_SOURCE_SUPPORTS:
        return zip_source_make_command_bitmap(
            ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR,
            ZIP_SOURCE_FREE, ZIP_SOURCE_SEEK, ZIP_SOURCE_TELL, ZIP_SOURCE_SUPPORTS, -1);
    case ZIP_SOURCE_OPEN:
        zip->at = 0;
        return 0;
    case ZIP_SOURCE_READ: {
        zip_uint64_t left = zip->at < zip->source->bytes ? zip->source->bytes - zip->at : 0;
        size_t n = bytes < left ? bytes : left;
        if (byte_source_read(zip->source, zip->at, data, n, &zip->read_err) != 0) {
            zip_error_set(&zip->error, ZIP_ER_READ, 0);
            return -1;
        }
        zip->at += n;
        return (zip_int64_t)n;
    }
    case ZIP_SOURCE_SEEK: {
        zip_int64_t at =
            zip_source_seek_compute_offset(zip->at, zip->source->bytes, data, bytes, &zip->error);
        if (at < 0)
            return -1;
        zip->at = (zip_uint64_t)at;
        return 0;
    }
    case ZIP_SOURCE_TELL:
        return (zip_int64_t)zip->at;
    case ZIP_SOURCE_STAT: {
        zip_stat_t *stat = data;
        zip_stat_init(stat);
        stat->valid = ZIP_STAT_SIZE;
        stat->size = zip->source->bytes;
        return sizeof *stat;
    }
    case ZIP_SOURCE_ERROR:
        return zip_error_to_data(&zip->error, data, bytes);
    case ZIP_SOURCE_CLOSE:
    case ZIP_SOURCE_FREE:
        return 0;
    default:
        zip_error_set(&zip->error, ZIP_ER_OPNOTSUPP, 0);
        return -1;
    }
}

/* What libzip says, or the reason behind it. */
static int zip_fault(TorchZip *zip, const char *where, zip_error_t *error, Err *err)
{
    if (zip->read_err.code != 0)
        return err_set(err, zip->read_err.code, "%s", zip->read_err.text);
    int code = zip_error_code_zip(error) == ZIP_ER_MEMORY ? EXIT_MEMORY : EXIT_DATA;
    return err_set(err, code, "%s: %.200s: %s; is the file complete? Fetch it again",
                   zip->source->label, where, zip_error_strerror(error));
}

static int open_zip(TorchZip *zip, Err *err)
{
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_function_create(give, zip, &error);
    if (source != NULL)
        zip->zip = zip_open_from_source(source, ZIP_RDONLY, &error);
    if (zip->zip == NULL) {
        zip_fault(zip, "the zip cannot be opened", &error, err);
        if (source != NULL)
            zip_source_free(source);
    }
    zip_error_fini(&error);
    return zip->zip != NULL ? 0 : -1;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const EntryName *)a)->name, ((const EntryName *)b)->name);
}

static int list_names(TorchZip *zip, Err *err)
{
    zip_int64_t n = zip_get_num_entries(zip->zip, 0);
    if (n <= 0)
        return err_set(err, EXIT_DATA, "%s: a zip with nothing in it", zip->source->label);
    zip->names = calloc((size_t)n, sizeof *zip->names);
    if (zip->names == NULL)
        return err_set(err, EXIT_MEMORY, "%s: no memory for the names of %lld entries",
                       zip->source->label, (long long)n);
    zip->n = (size_t)n;
    for (size_t i = 0; i < zip->n; i++) {
        const char *name = zip_get_name(zip->zip, i, ZIP_FL_ENC_RAW);
        zip->names[i] = (EntryName){name != NULL ? name : "", i};
    }
    qsort(zip->names, zip->n, sizeof *zip->names, compare_names);
    for (size_t i = 1; i < zip->n; i++)
        if (compare_names(&zip->names[i - 1], &zip->names[i]) == 0)
            return err_set(err, EXIT_DATA, "%s: the zip holds '%.200s' twice", zip->source->label,
                           zip->names[i].name);
    return 0;
}

/* The one with data.pkl in it. */
static int find_folder(TorchZip *zip, Err *err)
{
    int found = 0;
    for (size_t i = 0; i < zip->n; i++) {
        const char *slash = strchr(zip->names[i].name, '/');
        if (slash == NULL || strcmp(slash, "/data.pkl") != 0)
            continue;
        zip->folder = zip->names[i].name;
        zip->folder_bytes = (size_t)(slash - zip->folder);
        found++;
    }
    if (found == 1)
        return 0;
    return err_set(err, EXIT_DATA,
                   found == 0 ? "%s: a zip, but not one that torch.save wrote: no data.pkl in it"
                              : "%s: a zip with more than one data.pkl; save them one by one",
                   zip->source->label);
}

int torch_zip_open(TorchZip **out, const ByteSource *source, Err *err)
{
    *out = NULL;
    TorchZip *zip = calloc(1, sizeof *zip);
    if (zip == NULL)
        return err_set(err, EXIT_MEMORY, "%s: no memory to open the file", source->label);
    zip->source = source;
    zip_error_init(&zip->error);
    if (open_zip(zip, err) != 0 || list_names(zip, err) != 0 || find_folder(zip, err) != 0) {
        torch_zip_close(zip);
        return -1;
    }
    *out = zip;
    return 0;
}

void torch_zip_close(TorchZip *zip)
{
    if (zip == NULL)
        return;
    if (zip->open != NULL)
        zip_fclose(zip->open);
    if (zip->zip != NULL)
        zip_discard(zip->zip);
    zip_error_fini(&zip->error);
    free(zip->names);
    free(zip);
}

static int check_sizes(const TorchZip *zip, const zip_stat_t *stat, Err *err)
{
    const char *label = zip->source->label;
    zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    if ((stat->valid & needed) != needed)
        return err_set(err, EXIT_DATA, "%s: '%.200s' does not say how large it is", label,
                       stat->name);
    if ((stat->valid & ZIP_STAT_ENCRYPTION_METHOD) && stat->encryption_method != ZIP_EM_NONE)
        return err_set(err, EXIT_DATA, "%s: '%.200s' is encrypted; unpack it and save it again",
                       label, stat->name);
    if (stat->comp_method != ZIP_CM_STORE && stat->comp_method != ZIP_CM_DEFLATE)
        return err_set(err, EXIT_DATA,
                       "%s: '%.200s' is packed by method %d, neither stored nor deflated; save it "
                       "again with PyTorch",
                       label, stat->name, stat->comp_method);
    bool stored = stat->comp_method == ZIP_CM_STORE;
    if (stat->comp_size > zip->source->bytes ||
        (stored ? stat->size != stat->comp_size : stat->size / INFLATES_TO > stat->comp_size))
        return err_set(err, EXIT_DATA,
                       "%s: '%.200s' is said to hold %llu bytes, in %llu of the file; that cannot "
                       "be",
                       label, stat->name, (unsigned long long)stat->size,
                       (unsigned long long)stat->comp_size);
    return 0;
}

int torch_zip_find(const TorchZip *zip, const char *name, int64_t *entry, uint64_t *bytes, Err *err)
{
    char whole[ENTRY_NAME_BYTES];
    int n = snprintf(whole, sizeof whole, "%.*s/%s", (int)zip->folder_bytes, zip->folder, name);
    EntryName wanted = {whole, 0};
    const EntryName *found = NULL;
    if (n > 0 && (size_t)n < sizeof whole)
        found = bsearch(&wanted, zip->names, zip->n, sizeof wanted, compare_names);
    if (found == NULL)
        return 0;
    zip_stat_t stat;
    if (zip_stat_index(zip->zip, found->index, 0, &stat) != 0)
        return err_set(err, EXIT_DATA, "%s: '%.200s' cannot be found in the zip",
                       zip->source->label, whole);
    if (check_sizes(zip, &stat, err) != 0)
        return -1;
    *entry = (int64_t)found->index;
    *bytes = stat.size;
    return 1;
}

/* Opens an entry at its start. */
static int open_entry(TorchZip *zip, zip_uint64_t index, Err *err)
{
    if (zip->open != NULL)
        zip_fclose(zip->open);
    zip_stat_t stat;
    zip->open =
        zip_stat_index(zip->zip, index, 0, &stat) == 0 ? zip_fopen_index(zip->zip, index, 0) : NULL;
    if (zip->open == NULL)
        return zip_fault(zip, zip_get_name(zip->zip, index, ZIP_FL_ENC_RAW),
                         zip_get_error(zip->zip), err);
    zip->open_index = index;
    zip->open_at = 0;
    zip->open_bytes = stat.size;
    zip->open_seeks = stat.comp_method == ZIP_CM_STORE;
    return 0;
}

/* The next bytes of the open entry. */
static int read_on(TorchZip *zip, void *out, size_t bytes, Err *err)
{
    const char *name = zip_get_name(zip->zip, zip->open_index, ZIP_FL_ENC_RAW);
    for (size_t done = 0; done < bytes;) {
        zip_int64_t n = zip_fread(zip->open, (char *)out + done, bytes - done);
        if (n < 0)
            return zip_fault(zip, name, zip_file_get_error(zip->open), err);
        if (n == 0)
            return err_set(err, EXIT_DATA, "%s: '%.200s' is shorter than the zip says",
                           zip->source->label, name);
        done += (size_t)n;
        zip->open_at += (zip_uint64_t)n;
    }
    /* At its end libzip compares the checksum, where an entry was read in order. */
    char more;
    if (zip->open_at == zip->open_bytes && zip_fread(zip->open, &more, 1) != 0)
        return zip_fault(zip, name, zip_file_get_error(zip->open), err);
    return 0;
}

int torch_zip_read(TorchZip *zip, int64_t entry, uint64_t at, void *out, size_t bytes, Err *err)
{
    zip_uint64_t index = (zip_uint64_t)entry;
    bool is_open = zip->open != NULL && zip->open_index == index;
    if ((!is_open || (at < zip->open_at && !zip->open_seeks)) && open_entry(zip, index, err) != 0)
        return -1;
    if (at != zip->open_at && zip->open_seeks) {
        if (at > INT64_MAX || zip_fseek(zip->open, (zip_int64_t)at, SEEK_SET) != 0)
            return zip_fault(zip, zip_get_name(zip->zip, index, ZIP_FL_ENC_RAW),
                             zip_file_get_error(zip->open), err);
        zip->open_at = at;
    }
    while (zip->open_at < at) {
        char skipped[SKIP_BYTES];
        uint64_t left = at - zip->open_at;
        if (read_on(zip, skipped, left < sizeof skipped ? left : sizeof skipped, err) != 0)
            return -1;
    }
    return read_on(zip, out, bytes, err);
}
