/* SPDX-License-Identifier: Apache-2.0 */
package com.acme.connect;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Properties;

/**
 * The version that the plugin reports to the worker. Maven writes it into a resource at build time, so it is always
 * the version of the artifact.
 */
final class PluginVersion {
    static final String VERSION = read("/shipments-sink.properties");

    private PluginVersion() {
    }

    private static String read(String resource) {
        try (InputStream in = PluginVersion.class.getResourceAsStream(resource)) {
            Properties properties = new Properties();
            properties.load(in);
            return properties.getProperty("version");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
