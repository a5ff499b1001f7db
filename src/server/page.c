/* SPDX-License-Identifier: Apache-2.0 */
#include "server/page.h"

#include <gio/gio.h>
#include <string.h>

#include "base/hash.h"
#include "server/api.h"
#include "server/page_resources.h"

enum { ETAG_HEX = 32 };

typedef enum { FILE_INDEX, FILE_SCRIPT, FILE_STYLE, FILE_OPENAPI, FILES } PageFile;

static const struct {
    const char *resource;
    const char *type;
} RESOURCES[FILES] = {
    [FILE_INDEX] = {"/sluice/index.html.gz", "text/html; charset=utf-8"},
    [FILE_SCRIPT] = {"/sluice/page.js.gz", "text/javascript; charset=utf-8"},
    [FILE_STYLE] = {"/sluice/style.css.gz", "text/css; charset=utf-8"},
    [FILE_OPENAPI] = {"/sluice/openapi.yaml.gz", "application/yaml; charset=utf-8"},
};

struct Page {
    GBytes *packed[FILES];
    GBytes *plain[FILES];
    char *etags[FILES]; /* without quotes */
};

/* What the program itself carries always unpacks. */
static GBytes *unpack(GBytes *packed) {
    g_autoptr(GInputStream) source = g_memory_input_stream_new_from_bytes(packed);
    g_autoptr(GZlibDecompressor) gzip = g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP);
    g_autoptr(GInputStream) stream = g_converter_input_stream_new(source, G_CONVERTER(gzip));
    g_autoptr(GOutputStream) plain = g_memory_output_stream_new_resizable();
    g_output_stream_splice(plain, stream, G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, NULL, NULL);
    return g_memory_output_stream_steal_as_bytes(G_MEMORY_OUTPUT_STREAM(plain));
}

Page *page_new(void) {
    Page *page = g_new0(Page, 1);
    for (int i = 0; i < FILES; i++) {
        page->packed[i] = g_resource_lookup_data(page_resources_get_resource(), RESOURCES[i].resource,
                                                 G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
        page->plain[i] = unpack(page->packed[i]);
        g_autofree char *hash =
            hash_bytes(HASH_SHA256, g_bytes_get_data(page->plain[i], NULL), g_bytes_get_size(page->plain[i]));
        page->etags[i] = g_strndup(hash, ETAG_HEX);
    }
    return page;
}

void page_free(Page *page) {
    if (page == NULL)
        return;
    for (int i = 0; i < FILES; i++) {
        g_bytes_unref(page->packed[i]);
        g_bytes_unref(page->plain[i]);
        g_free(page->etags[i]);
    }
    g_free(page);
}

/* "gzip;q=0" is a refusal that no client is known to send with an otherwise plain list. */
static bool takes_gzip(const Request *request) {
    const char *encodings = request_header(request, MHD_HTTP_HEADER_ACCEPT_ENCODING);
    return encodings != NULL && strstr(encodings, "gzip") != NULL && strstr(encodings, "gzip;q=0") == NULL;
}

static Answer *answer_file_of_page(const Request *request, PageFile file) {
    const Page *page = request->context->page;
    bool packed = takes_gzip(request);
    g_autofree char *etag = g_strdup_printf("\"%s%s\"", page->etags[file], packed ? "-gzip" : "");
    const char *known = request_header(request, MHD_HTTP_HEADER_IF_NONE_MATCH);
    bool unchanged = known != NULL && strstr(known, etag) != NULL;
    Answer *answer = unchanged ? answer_empty(MHD_HTTP_NOT_MODIFIED)
                               : answer_bytes(MHD_HTTP_OK, RESOURCES[file].type,
                                              packed ? page->packed[file] : page->plain[file]);
    if (packed && !unchanged)
        answer_header(answer, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
    answer_header(answer, MHD_HTTP_HEADER_ETAG, etag);
    answer_header(answer, MHD_HTTP_HEADER_VARY, "Accept-Encoding");
    answer_header(answer, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
    return answer;
}

Answer *page_index(const Request *request, GError **error) {
    return answer_file_of_page(request, FILE_INDEX);
}

Answer *page_script(const Request *request, GError **error) {
    return answer_file_of_page(request, FILE_SCRIPT);
}

Answer *page_style(const Request *request, GError **error) {
    return answer_file_of_page(request, FILE_STYLE);
}

Answer *page_openapi(const Request *request, GError **error) {
    return answer_file_of_page(request, FILE_OPENAPI);
}
