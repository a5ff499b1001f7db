/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.connect;

import java.util.Map;

/** One order as the API gave it: its id, by which the API counts, and all its fields, the id among them. */
record Order(long id, Map<String, Object> fields) {
}
