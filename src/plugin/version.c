/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/version.h"

#include <string.h>

#define VERSION_CHARACTERS G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._+-"
#define SNAPSHOT_SUFFIX "-SNAPSHOT"

bool version_is_valid(const char *version) {
    gsize length = strlen(version);
    return length > 0 && length <= VERSION_LIMIT && strspn(version, VERSION_CHARACTERS) == length &&
           g_ascii_isalnum(version[0]) && strstr(version, "..") == NULL;
}

bool version_is_snapshot(const char *version) {
    return g_str_has_suffix(version, SNAPSHOT_SUFFIX);
}

static bool is_range(const char *requested) {
    return requested[0] == '[' || requested[0] == '(';
}

VersionRequestKind version_request_kind(const char *requested) {
    static const struct {
        const char *word;
        VersionRequestKind kind;
    } words[] = {{"latest", VERSION_LATEST}, {"release", VERSION_RELEASE}, {"promoted", VERSION_PROMOTED}};
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (g_ascii_strcasecmp(requested, words[i].word) == 0)
            return words[i].kind;
    if (is_range(requested))
        return VERSION_RANGE;
    return version_is_snapshot(requested) ? VERSION_SNAPSHOT : VERSION_EXACT;
}

bool version_request_takes_snapshots(const char *requested) {
    return version_request_kind(requested) == VERSION_LATEST || strstr(requested, SNAPSHOT_SUFFIX) != NULL;
}

/* One interval of a range: [lower,upper) or [only]. An end that is NULL is open without a bound. */
typedef struct {
    char *lower;
    char *upper;
    bool lower_included;
    bool upper_included;
} Interval;

static void interval_clear(Interval *interval) {
    g_free(interval->lower);
    g_free(interval->upper);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Interval, interval_clear)

static char *bound(const char *from, const char *to) {
    char *text = g_strstrip(g_strndup(from, to - from));
    if (text[0] == '\0')
        g_clear_pointer(&text, g_free);
    return text;
}

static const char *interval_fault(const Interval *interval) {
    if ((interval->lower != NULL && !version_is_valid(interval->lower)) ||
        (interval->upper != NULL && !version_is_valid(interval->upper)))
        return "a version in the range has characters that no version has";
    if (interval->lower == NULL || interval->upper == NULL)
        return NULL;
    int order = version_compare(interval->lower, interval->upper);
    if (order > 0)
        return "the range ends before it begins";
    if (order == 0 && !(interval->lower_included && interval->upper_included))
        return "the range holds no version";
    return NULL;
}

/* Reads one interval at *cursor and moves past it. */
static bool interval_read(const char **cursor, Interval *interval, const char **why) {
    const char *open = *cursor;
    const char *close = is_range(open) ? strpbrk(open + 1, "])") : NULL;
    if (close == NULL) {
        *why = "a range is written [1.4,2.0), (1.4,2.0] or [1.4]";
        return false;
    }
    const char *comma = memchr(open, ',', close - open);
    interval->lower_included = *open == '[';
    interval->upper_included = *close == ']';
    interval->lower = bound(open + 1, comma != NULL ? comma : close);
    interval->upper = comma != NULL ? bound(comma + 1, close) : g_strdup(interval->lower);
    if (comma == NULL && (interval->lower == NULL || !interval->lower_included || !interval->upper_included))
        *why = "a range of one version is written [1.4]";
    else
        *why = interval_fault(interval);
    *cursor = close + 1;
    return *why == NULL;
}

/* Moves past the comma between two intervals; false at the end or where there is something else. */
static bool next_interval(const char **cursor) {
    *cursor += strspn(*cursor, " ");
    if (**cursor != ',')
        return false;
    *cursor += 1;
    *cursor += strspn(*cursor, " ");
    return true;
}

static bool interval_holds(const Interval *interval, const char *version) {
    int above = interval->lower != NULL ? version_compare(version, interval->lower) : 1;
    int below = interval->upper != NULL ? version_compare(version, interval->upper) : -1;
    return (above > 0 || (above == 0 && interval->lower_included)) &&
           (below < 0 || (below == 0 && interval->upper_included));
}

/* Reads a whole range; *holds says whether `version` (may be NULL) lies in one of its intervals. */
static bool range_read(const char *range, const char *version, bool *holds, const char **why) {
    const char *cursor = range;
    bool found = false;
    do {
        g_auto(Interval) interval = {0};
        if (!interval_read(&cursor, &interval, why))
            return false;
        found = found || (version != NULL && interval_holds(&interval, version));
    } while (next_interval(&cursor));
    if (*cursor != '\0') {
        *why = "intervals of a range are separated by ','";
        return false;
    }
    *holds = found;
    return true;
}

bool version_request_is_valid(const char *requested, const char **why) {
    const char *fault = NULL;
    bool holds;
    if (strlen(requested) > 4 * VERSION_LIMIT)
        fault = "it is too long";
    else if (is_range(requested))
        range_read(requested, NULL, &holds, &fault);
    else if (!version_is_valid(requested))
        fault = "a version is made of letters, digits, '.', '-', '_' and '+'";
    if (why != NULL && fault != NULL)
        *why = fault;
    return fault == NULL;
}

bool version_matches(const char *range, const char *version) {
    if (!is_range(range))
        return g_str_equal(range, version);
    const char *why = NULL;
    bool holds = false;
    return range_read(range, version, &holds, &why) && holds;
}
