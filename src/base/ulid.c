/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ulid.h"

#include <string.h>

#include "base/hash.h"

#define RANDOM_BYTES 10

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static GMutex last_lock;
static gint64 last_time;
static guint8 last_random[RANDOM_BYTES];

static void increment(guint8 *bytes) {
    for (int i = RANDOM_BYTES - 1; i >= 0 && ++bytes[i] == 0; i--)
        continue;
}

static void next(gint64 *time, guint8 *random) {
    g_mutex_lock(&last_lock);
    gint64 now = g_get_real_time() / 1000;
    if (now > last_time) {
        last_time = now;
        for (int i = 0; i < RANDOM_BYTES; i++)
            last_random[i] = 0;
        hash_random(last_random, RANDOM_BYTES, NULL);
    } else {
        increment(last_random);
    }
    *time = last_time;
    memcpy(random, last_random, RANDOM_BYTES);
    g_mutex_unlock(&last_lock);
}

char *ulid_new(void) {
    gint64 time;
    guint8 random[RANDOM_BYTES];
    next(&time, random);
    char *text = g_malloc(27);
    for (int i = 9; i >= 0; i--, time >>= 5)
        text[i] = alphabet[time & 31];
    for (int bit = 0, i = 10; i < 26; i++, bit += 5) {
        int byte = bit / 8;
        int both = random[byte] << 8 | (byte + 1 < RANDOM_BYTES ? random[byte + 1] : 0);
        text[i] = alphabet[both >> (11 - bit % 8) & 31];
    }
    text[26] = '\0';
    return text;
}
