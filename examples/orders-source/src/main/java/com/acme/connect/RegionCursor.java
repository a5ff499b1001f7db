/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.connect;

import java.util.Map;

/**
 * How far one region has been read and when to read on. Its two maps are what Connect keeps as source offsets: they
 * name the region but not the address of the API, which may move without a reason to read everything again.
 */
final class RegionCursor {
    private static final String REGION = "region";
    private static final String LAST_ID = "last_id";

    private final String region;
    private final Backoff backoff;
    private long lastId;
    private long dueAtMs;

    RegionCursor(String region, Backoff backoff) {
        this.region = region;
        this.backoff = backoff;
    }

    /** Empty for all regions. */
    String region() {
        return region;
    }

    long lastId() {
        return lastId;
    }

    Backoff backoff() {
        return backoff;
    }

    long dueAtMs() {
        return dueAtMs;
    }

    void setDueAtMs(long dueAtMs) {
        this.dueAtMs = dueAtMs;
    }

    void advanceTo(long id) {
        lastId = id;
    }

    Map<String, String> partition() {
        return Map.of(REGION, region);
    }

    Map<String, Long> offset() {
        return Map.of(LAST_ID, lastId);
    }

    /** Goes on where the offset, which Connect may not have (null), says. */
    void resumeAt(Map<String, Object> offset) {
        if (offset != null && offset.get(LAST_ID) instanceof Number id) {
            lastId = id.longValue();
        }
    }
}
