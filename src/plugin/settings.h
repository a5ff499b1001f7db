/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maven's settings.xml: the passwords of servers, and mirrors. ${env.NAME} in it is filled in.
 */
#pragma once

#include "plugin/plugin.h"

typedef struct Settings Settings;

/* ~/.m2/settings.xml; empty settings where there is none. */
Settings *settings_read(GError **error);
/* The same from text; `name` stands for it in messages. */
Settings *settings_parse(const char *text, gsize length, const char *name, GError **error);
void settings_free(Settings *settings);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Settings, settings_free)

/* What a server's entry says; NULL where it says nothing. Owned by the settings. */
typedef struct {
    char *id;
    char *username;
    char *password;
} SettingsServer;
const SettingsServer *settings_find_server(const Settings *settings, const char *id);

typedef struct {
    char *id;
    char *url;
    char *of; /* ids, "*", "external:*" and "!id", separated by commas */
} SettingsMirror;
/* The mirror that stands in for a repository, an exact name before a pattern; NULL where there is none. Owned
 * by the settings. */
const SettingsMirror *settings_find_mirror(const Settings *settings, const char *id, const char *url);
