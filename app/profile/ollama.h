/* ollama.h - the manifests of Ollama's store: which of its blobs is the model.
 *
 *   manifests/HOST/NAMESPACE/NAME/TAG   JSON, a list of layers with type, digest, size
 *   blobs/sha256-HEX                    the layers; that of the model is a GGUF file
 *
 * Layout: github.com/ollama/ollama, and the OCI image manifest. Nothing of a manifest becomes part of a
 * path but 64 hex digits.
 */
#ifndef S2D_APP_PROFILE_OLLAMA_H
#define S2D_APP_PROFILE_OLLAMA_H

#include <stddef.h>
#include <stdint.h>

#include "app/base/sha256.h"

enum { OLLAMA_MANIFEST_MAX = 1 << 20, OLLAMA_NAME_BYTES = 256 };

typedef struct OllamaModel {
    char digest[SHA256_TEXT]; /* hex digits */
    uint64_t bytes;           /* of the blob */
} OllamaModel;

/* EXIT_DATA: no manifest, none or several models in it, or a digest that is none. */
int ollama_manifest(OllamaModel *model, const char *json, size_t bytes, Err *err);

/* "HOST/NAMESPACE/NAME/TAG" as `ollama run` takes it: "qwen3:4b", "someone/model:q4",
 * "hf.co/owner/repo:Q4_K_M". -1 = the path is not of four names, or does not fit. */
int ollama_name(const char *path, char name[OLLAMA_NAME_BYTES]);

#endif
