/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.connect;

import java.net.URI;
import java.net.URISyntaxException;

import org.apache.kafka.common.config.ConfigDef;
import org.apache.kafka.common.config.ConfigException;

/** Accepts http and https addresses that a path can be added to. */
final class HttpUrl implements ConfigDef.Validator {
    @Override
    public void ensureValid(String name, Object value) {
        if (value == null) {
            return; // Missing altogether: the definition itself reports that.
        }
        URI url = parse(name, (String) value);
        if (!"http".equals(url.getScheme()) && !"https".equals(url.getScheme()) || url.getHost() == null) {
            throw new ConfigException(name, value, "must be an http or https address with a host");
        }
        if (url.getUserInfo() != null || url.getQuery() != null || url.getFragment() != null) {
            throw new ConfigException(name, value, "must have no user, query or fragment");
        }
    }

    private static URI parse(String name, String value) {
        try {
            return new URI(value);
        } catch (URISyntaxException e) {
            throw new ConfigException(name, value, "is not a URL: " + e.getMessage());
        }
    }

    @Override
    public String toString() {
        return "an http or https URL";
    }
}
