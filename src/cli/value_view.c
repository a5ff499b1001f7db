/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/value_view.h"

#include <string.h>

/* How the daemon tells that a sensitive value is there. */
#define HIDDEN "•••"

/* Characters of a long value that are shown, and how many of them stand before what differs. */
#define VALUE_SHOWN 100
#define VALUE_BEFORE 20

void value_pair_clear(ValuePair *pair) {
    g_clear_pointer(&pair->old_text, g_free);
    g_clear_pointer(&pair->new_text, g_free);
}

/* On one line; in quotes where an edge couldn't be seen. NULL stays NULL. */
static char *one_line(const char *value) {
    if (value == NULL)
        return NULL;
    g_autoptr(GString) line = g_string_new(value);
    g_string_replace(line, "\n", "\\n", 0);
    g_string_replace(line, "\r", "\\r", 0);
    g_string_replace(line, "\t", "\\t", 0);
    bool edge = *value == '\0' || *value == ' ' || g_str_has_suffix(value, " ");
    return edge ? g_strdup_printf("\"%s\"", line->str) : g_strdup(line->str);
}

/* How many characters two texts begin with alike. */
static glong common_length(const char *left, const char *right) {
    glong length = 0;
    while (*left != '\0' && g_utf8_get_char(left) == g_utf8_get_char(right)) {
        left = g_utf8_next_char(left);
        right = g_utf8_next_char(right);
        length++;
    }
    return length;
}

/* A long text cut to what is from character `start` on. */
static void cut(char **text, glong start) {
    glong length = *text != NULL ? g_utf8_strlen(*text, -1) : 0;
    if (length <= VALUE_SHOWN)
        return;
    start = MIN(start, length - VALUE_BEFORE);
    glong end = MIN(start + VALUE_SHOWN, length);
    g_autofree char *part = g_utf8_substring(*text, start, end);
    char *shown = g_strdup_printf("%s%s%s", start > 0 ? "…" : "", part, end < length ? "…" : "");
    g_free(*text);
    *text = shown;
}

/* Both cut so that what differs is seen. */
static void cut_pair(ValuePair *pair) {
    bool both = pair->old_text != NULL && pair->new_text != NULL;
    glong start = both ? common_length(pair->old_text, pair->new_text) - VALUE_BEFORE : 0;
    cut(&pair->old_text, MAX(start, 0));
    cut(&pair->new_text, MAX(start, 0));
}

static char *plain(const PlanChange *change, const char *value) {
    bool count = g_str_equal(change->key, "partitions") || g_str_equal(change->key, "replication");
    return count && g_strcmp0(value, "-1") == 0 ? g_strdup("(the broker's default)") : one_line(value);
}

/* "orders-source@1.5.0" → "(known after the rollout: orders-source 1.5.0)" */
static char *deferred(const char *subject) {
    g_autoptr(GString) text = g_string_new(subject);
    g_string_replace(text, "@", " ", 1);
    return g_strdup_printf("(known after the rollout: %s)", text->str);
}

ValuePair value_pair(const PlanChange *change) {
    ValuePair pair = {NULL, NULL};
    if (change->sensitive) {
        bool both = change->old_value != NULL && change->new_value != NULL;
        bool same = both && g_str_equal(change->old_value, change->new_value) &&
                    !g_str_equal(change->old_value, HIDDEN);
        pair.new_text = g_strdup(!both  ? "(sensitive)"
                                 : same ? "(sensitive, unchanged)"
                                        : "(sensitive, changed)");
        return pair;
    }
    pair.old_text = plain(change, change->old_value);
    if (change->deferred != NULL) {
        pair.new_text = deferred(change->deferred);
        return pair;
    }
    pair.new_text = plain(change, change->new_value);
    cut_pair(&pair);
    return pair;
}
