/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/xml.h"

#include <libxml/parser.h>
#include <stdbool.h>

#include "plugin/plugin.h"

#define XML_LIMIT ((gsize)8 * 1024 * 1024)

typedef xmlParserCtxt XmlParser;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(XmlParser, xmlFreeParserCtxt)

static void start_once(void) {
    static gsize started = 0;
    if (g_once_init_enter(&started)) {
        xmlInitParser();
        g_once_init_leave(&started, 1);
    }
}

static bool has_name(const xmlNode *node, const char *name) {
    return node->type == XML_ELEMENT_NODE && g_str_equal((const char *)node->name, name);
}

static void set_parse_error(XmlParser *parser, const char *name, GError **error) {
    const xmlError *problem = xmlCtxtGetLastError(parser);
    g_autofree char *message =
        g_strstrip(g_strdup(problem != NULL && problem->message != NULL ? problem->message : "empty"));
    error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT, NULL, "%s:%d: not valid XML: %s", name,
              problem != NULL ? problem->line : 1, message);
}

xmlDoc *xml_read(const char *text, gsize length, const char *name, const char *root, GError **error) {
    start_once();
    if (length > XML_LIMIT) {
        error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT, NULL, "%s: larger than %zu bytes", name,
                  XML_LIMIT);
        return NULL;
    }
    g_autoptr(XmlParser) parser = xmlNewParserCtxt();
    g_autoptr(xmlDoc) document =
        xmlCtxtReadMemory(parser, text, (int)length, NULL, NULL,
                          XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING | XML_PARSE_NOCDATA);
    if (document == NULL) {
        set_parse_error(parser, name, error);
        return NULL;
    }
    if (document->intSubset != NULL) {
        error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT, NULL,
                  "%s: has a document type, which is not read", name);
        return NULL;
    }
    const xmlNode *top = xmlDocGetRootElement(document);
    if (top == NULL || !has_name(top, root)) {
        error_set(error, PLUGIN_ERROR, PLUGIN_ERROR_FORMAT, NULL, "%s: its root element is not <%s>", name,
                  root);
        return NULL;
    }
    return g_steal_pointer(&document);
}

xmlNode *xml_child(const xmlNode *node, const char *name) {
    for (xmlNode *child = node != NULL ? node->children : NULL; child != NULL; child = child->next)
        if (has_name(child, name))
            return child;
    return NULL;
}

xmlNode *xml_next(const xmlNode *node) {
    for (xmlNode *next = node->next; next != NULL; next = next->next)
        if (has_name(next, (const char *)node->name))
            return next;
    return NULL;
}

char *xml_text(const xmlNode *node) {
    xmlChar *content = xmlNodeGetContent(node);
    g_autofree char *text = g_strstrip(g_strdup(content != NULL ? (const char *)content : ""));
    xmlFree(content);
    return text[0] != '\0' ? g_steal_pointer(&text) : NULL;
}

char *xml_child_text(const xmlNode *node, const char *name) {
    const xmlNode *child = xml_child(node, name);
    return child != NULL ? xml_text(child) : NULL;
}
