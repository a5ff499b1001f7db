/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maven's version order, as its ComparableVersion has it: a version is a list of numbers and words; every '-'
 * and every change between digits and letters opens a list inside the list, as its last item; zeros and words
 * that mean "release" at the end of a list say nothing.
 */
#include <string.h>

#include "plugin/version.h"

typedef struct {
    bool is_number;
    char *text; /* digits without leading zeros, or a word in lower case */
} Item;

typedef struct List List;
struct List {
    GArray *items; /* Item */
    List *rest;    /* the list inside, after the items; NULL: none */
};

static void item_clear(gpointer item) {
    g_free(((Item *)item)->text);
}

static List *list_new(void) {
    List *list = g_new0(List, 1);
    list->items = g_array_new(FALSE, FALSE, sizeof(Item));
    g_array_set_clear_func(list->items, item_clear);
    return list;
}

static void list_free(List *list) {
    while (list != NULL) {
        List *rest = list->rest;
        g_array_unref(list->items);
        g_free(list);
        list = rest;
    }
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(List, list_free)

/* Words that mean something, in their order; others come after them all, by their letters. */
static const char *const qualifiers[] = {"alpha", "beta", "milestone", "rc", "snapshot", "", "sp"};
enum { QUALIFIER_RELEASE = 5 };

static const char *word_meaning(const char *word, bool before_digit) {
    static const struct {
        const char *word;
        const char *meaning;
        bool only_before_digit;
    } aliases[] = {
        {"a", "alpha", true}, {"b", "beta", true},    {"m", "milestone", true}, {"ga", "", false},
        {"final", "", false}, {"release", "", false}, {"cr", "rc", false},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(aliases); i++)
        if (g_str_equal(aliases[i].word, word) && (before_digit || !aliases[i].only_before_digit))
            return aliases[i].meaning;
    return word;
}

static int word_rank(const char *word) {
    int rank = 0;
    while (rank < (int)G_N_ELEMENTS(qualifiers) && !g_str_equal(qualifiers[rank], word))
        rank++;
    return rank;
}

static void list_add(List *list, const char *from, const char *to, bool before_digit) {
    Item item = {.is_number = from == to || g_ascii_isdigit(*from)};
    g_autofree char *text = g_ascii_strdown(from, to - from);
    if (item.is_number)
        item.text = g_strdup(text + strspn(text, "0"));
    else
        item.text = g_strdup(word_meaning(text, before_digit));
    g_array_append_val(list->items, item);
}

static bool item_is_nothing(const Item *item) {
    return item->text[0] == '\0'; /* zero, or a word that means a release */
}

/* Drops what says nothing at the end of each list, from the innermost out. */
static List *list_normalize(List *list) {
    if (list == NULL)
        return NULL;
    list->rest = list_normalize(list->rest);
    while (list->items->len > 0 && item_is_nothing(&g_array_index(list->items, Item, list->items->len - 1)))
        g_array_set_size(list->items, list->items->len - 1);
    if (list->items->len > 0 || list->rest != NULL)
        return list;
    list_free(list);
    return NULL;
}

/* A word that ends a version or stands before digits begins a list, as if '-' were before it: 1.rc1 is 1-rc1.
 */
static List *list_for_word(List *list, const char *word) {
    if (g_ascii_isdigit(*word) || list->items->len == 0)
        return list;
    return list->rest = list_new();
}

static List *version_parse(const char *version) {
    List *first = list_new();
    List *list = first;
    const char *start = version;
    const char *end = version + strnlen(version, 4 * VERSION_LIMIT);
    for (const char *at = version; at < end; at++) {
        bool turns =
            at > start && *at != '.' && *at != '-' && g_ascii_isdigit(*at) != g_ascii_isdigit(at[-1]);
        if (*at != '.' && *at != '-' && !turns)
            continue;
        bool before_digit = turns && g_ascii_isdigit(*at);
        if (before_digit)
            list = list_for_word(list, start);
        list_add(list, start, at, before_digit);
        if (*at != '.')
            list = list->rest = list_new();
        start = turns ? at : at + 1;
    }
    if (start < end)
        list_add(list_for_word(list, start), start, end, false);
    return list_normalize(first);
}

static int item_compare(const Item *left, const Item *right) {
    if (left->is_number != right->is_number)
        return left->is_number ? 1 : -1;
    if (left->is_number) {
        gsize left_length = strlen(left->text), right_length = strlen(right->text);
        if (left_length != right_length)
            return left_length < right_length ? -1 : 1;
        return strcmp(left->text, right->text);
    }
    int left_rank = word_rank(left->text), right_rank = word_rank(right->text);
    return left_rank != right_rank ? left_rank - right_rank : strcmp(left->text, right->text);
}

/* An item against the end of the other version. */
static int item_compare_end(const Item *item) {
    if (item->is_number)
        return item_is_nothing(item) ? 0 : 1;
    return word_rank(item->text) - QUALIFIER_RELEASE;
}

static int list_compare_end(const List *list) {
    if (list == NULL)
        return 0;
    for (guint i = 0; i < list->items->len; i++) {
        int order = item_compare_end(&g_array_index(list->items, Item, i));
        if (order != 0)
            return order;
    }
    return list_compare_end(list->rest);
}

/* An item against the list that stands in its place: 1.1 > 1-1 > 1-word > 1.word. */
static int item_compare_list(const Item *item, const List *list) {
    if (list == NULL)
        return item_compare_end(item);
    return item->is_number ? 1 : -1;
}

static const Item *item_at(const List *list, guint place) {
    return place < list->items->len ? &g_array_index(list->items, Item, place) : NULL;
}

/* The list inside, where it stands at that place. */
static const List *list_at(const List *list, guint place) {
    return place == list->items->len ? list->rest : NULL;
}

static int compare_at(const List *left, const List *right, guint place) {
    const Item *left_item = item_at(left, place), *right_item = item_at(right, place);
    if (left_item != NULL && right_item != NULL)
        return item_compare(left_item, right_item);
    if (left_item != NULL)
        return item_compare_list(left_item, list_at(right, place));
    return right_item != NULL ? -item_compare_list(right_item, list_at(left, place)) : 0;
}

static int list_compare(const List *left, const List *right) {
    if (left == NULL || right == NULL)
        return left == NULL ? -list_compare_end(right) : list_compare_end(left);
    guint left_count = left->items->len, right_count = right->items->len;
    for (guint place = 0; place < MAX(left_count, right_count); place++) {
        int order = compare_at(left, right, place);
        if (order != 0)
            return order;
    }
    if (left_count == right_count)
        return list_compare(left->rest, right->rest);
    return left_count > right_count ? list_compare_end(left->rest) : -list_compare_end(right->rest);
}

int version_compare(const char *left, const char *right) {
    g_autoptr(List) left_list = version_parse(left);
    g_autoptr(List) right_list = version_parse(right);
    return list_compare(left_list, right_list);
}
