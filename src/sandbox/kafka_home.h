/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where Kafka's jars and Java are on this machine.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The folder with Kafka's jars, in libs/ or itself: `given`, else `former` while it is there, $SLUICE_KAFKA,
 * $KAFKA_HOME, the newest kafka-* in Sluice's cache. SANDBOX_ERROR_NO_KAFKA. The caller frees it. */
char *kafka_home_find(const char *given, const char *former, GError **error);

/* All its jars, for java -cp. The caller frees it. */
char *kafka_home_class_path(const char *home, GError **error);

/* $JAVA_HOME/bin/java, or java of PATH; SANDBOX_ERROR_NO_KAFKA. The caller frees it. */
char *kafka_home_java(GError **error);
