/* SPDX-License-Identifier: Apache-2.0 */
#include "declare/targets.h"

#include "declare/builder.h"

static void target_free(gpointer data) {
    Target *target = data;
    g_free(target->instance);
    module_source_free(target->source);
    g_free(target);
}

static void add_target(Loader *loader, GPtrArray *targets, const Node *key, const Node *spec) {
    Scope scope = {.environment = loader->environment};
    const Datum *written = evaluate(loader, &scope, node_get(spec, "source"));
    if (written == NULL || written->kind != DATUM_SCALAR || datum_is_null(written))
        return;
    ModuleSource *source = module_source_parse(loader, written);
    if (source == NULL)
        return;
    Target *target = g_new0(Target, 1);
    target->instance = g_strdup(key->text);
    target->source = source;
    target->position = written->position;
    g_ptr_array_add(targets, target);
}

GPtrArray *targets_read(Loader *loader, bool *first, GError **error) {
    g_auto(ProjectFile) file = {0};
    if (!project_open(loader, &file))
        return NULL;
    const Datum *place = project_find_environment(&file, loader->environment, error);
    if (place == NULL)
        return NULL;
    if (first != NULL)
        *first = place == file.places->pdata[0];
    g_autofree char *path = g_strdup_printf("environments/%s.yaml", loader->environment);
    const Document *document = loader_read(loader, path, place->position);
    if (document == NULL)
        return NULL;
    GPtrArray *targets = g_ptr_array_new_with_free_func(target_free);
    const Node *modules = node_get(document_root(document), "modules");
    for (guint i = 0; modules != NULL && modules->kind == NODE_MAPPING && i < modules->items->len; i++)
        add_target(loader, targets, modules->keys->pdata[i], modules->items->pdata[i]);
    return targets;
}

const Target *targets_find(const GPtrArray *targets, const char *instance) {
    for (guint i = 0; i < targets->len; i++) {
        const Target *target = targets->pdata[i];
        if (g_str_equal(target->instance, instance))
            return target;
    }
    return NULL;
}
