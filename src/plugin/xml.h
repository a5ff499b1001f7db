/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maven's XML files (metadata, POMs, settings), read without network, entities or a document type.
 */
#pragma once

#include <glib.h>
#include <libxml/tree.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(xmlDoc, xmlFreeDoc)

/* Parses at most 8 MiB whose root is an element `root`; PLUGIN_ERROR_FORMAT says where in `name` it is wrong.
 * Free with xmlFreeDoc(). */
xmlDoc *xml_read(const char *text, gsize length, const char *name, const char *root, GError **error);

/* The first child element of that local name, whatever its namespace; NULL where there is none, or no node.
 */
xmlNode *xml_child(const xmlNode *node, const char *name);

/* The next sibling element of the same name. */
xmlNode *xml_next(const xmlNode *node);

/* The text of a child element without blanks around it; NULL where it is missing or empty. The caller frees
 * it. */
char *xml_child_text(const xmlNode *node, const char *name);

/* The text of an element, as above. */
char *xml_text(const xmlNode *node);
