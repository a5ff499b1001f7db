/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.connect;

/** The other side will not take this record, however often it is sent; it may well take the next one. */
final class RejectedException extends Exception {
    private static final long serialVersionUID = 1L;

    RejectedException(String message, Throwable cause) {
        super(message, cause);
    }
}
