/* SPDX-License-Identifier: Apache-2.0 */
#include "store/reader.h"

#include <string.h>

#include "store/store.h"

Reader reader_start(const char *key, const json_t *value, int version) {
    Reader reader = {.key = key, .object = value};
    if (!json_is_object(value))
        reader.problem = g_strdup("it is not an object");
    else if (json_get_integer(value, "v", 0) > version)
        reader.newer = true;
    else
        reader_integer(&reader, "v", version, version);
    return reader;
}

bool reader_end(Reader *reader, GError **error) {
    g_autofree char *problem = g_steal_pointer(&reader->problem);
    if (reader->newer)
        error_set(error, STORE_ERROR, STORE_ERROR_FORMAT, "use a newer sluice",
                  "the state's record '%s' was written by a newer sluice", reader->key);
    else if (problem != NULL)
        error_set(error, STORE_ERROR, STORE_ERROR_FORMAT, NULL, "the state's record '%s' can't be read: %s",
                  reader->key, problem);
    return !reader->newer && problem == NULL;
}

void reader_fail(Reader *reader, const char *member, const char *expected) {
    if (reader->problem != NULL)
        return;
    const char *outer = reader->member;
    reader->problem = g_strdup_printf("'%s%s%s' must be %s", outer != NULL ? outer : "",
                                      outer != NULL ? "." : "", member, expected);
}

Reader reader_enter(Reader *reader, const char *member) {
    const json_t *object = json_object_get(reader->object, member);
    if (!json_is_object(object))
        reader_fail(reader, member, "an object");
    return (Reader){.key = reader->key, .member = member, .object = json_is_object(object) ? object : NULL};
}

void reader_leave(Reader *reader, Reader *inner) {
    if (reader->problem == NULL)
        reader->problem = g_steal_pointer(&inner->problem);
    g_clear_pointer(&inner->problem, g_free);
}

char *reader_text(Reader *reader, const char *member) {
    const char *text = json_get_string(reader->object, member);
    if (text == NULL || *text == '\0')
        reader_fail(reader, member, "text");
    return g_strdup(text);
}

char *reader_optional_text(Reader *reader, const char *member) {
    const json_t *value = json_object_get(reader->object, member);
    return value == NULL || json_is_null(value) ? NULL : reader_text(reader, member);
}

char **reader_texts(Reader *reader, const char *member) {
    const json_t *array = json_object_get(reader->object, member);
    if (array != NULL && !json_is_array(array))
        reader_fail(reader, member, "a list of texts");
    gsize count = json_array_size(array);
    char **texts = g_new0(char *, count + 1);
    gsize taken = 0;
    for (gsize i = 0; i < count; i++) {
        const char *text = json_string_value(json_array_get(array, i));
        if (text != NULL)
            texts[taken++] = g_strdup(text);
        else
            reader_fail(reader, member, "a list of texts");
    }
    return texts;
}

gint64 reader_integer(Reader *reader, const char *member, gint64 least, gint64 most) {
    const json_t *value = json_object_get(reader->object, member);
    gint64 number = json_integer_value(value);
    if (json_is_integer(value) && number >= least && number <= most)
        return number;
    reader_fail(reader, member, "a whole number within its bounds");
    return least;
}

double reader_number(Reader *reader, const char *member, double least, double most) {
    const json_t *value = json_object_get(reader->object, member);
    double number = json_number_value(value);
    if (json_is_number(value) && number >= least && number <= most)
        return number;
    reader_fail(reader, member, "a number within its bounds");
    return least;
}

bool reader_boolean(Reader *reader, const char *member) {
    const json_t *value = json_object_get(reader->object, member);
    if (!json_is_boolean(value))
        reader_fail(reader, member, "true or false");
    return json_is_true(value);
}

int reader_choice(Reader *reader, const char *member, const char *const *names) {
    const char *text = json_get_string(reader->object, member);
    for (int i = 0; text != NULL && names[i] != NULL; i++)
        if (strcmp(text, names[i]) == 0)
            return i;
    g_autofree char *all = g_strjoinv(", ", (char **)names);
    g_autofree char *expected = g_strconcat("one of ", all, NULL);
    reader_fail(reader, member, expected);
    return 0;
}
