/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.connect;

/** The other side did not answer, or asked to come back later: worth another try. Checked, so that nobody forgets. */
final class UnavailableException extends Exception {
    private static final long serialVersionUID = 1L;

    UnavailableException(String message, Throwable cause) {
        super(message, cause);
    }
}
