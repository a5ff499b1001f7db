/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/person.h"

#include <string.h>

static const struct {
    Role role;
    const char *name;
} roles[] = {
    {ROLE_VIEWER, "viewer"},
    {ROLE_OPERATOR, "operator"},
    {ROLE_APPROVER, "approver"},
};

Person *person_new(const char *name) {
    Person *person = g_new0(Person, 1);
    person->name = g_strdup(name);
    person->emails = g_new0(char *, 1);
    person->groups = g_new0(char *, 1);
    person->roles = ROLE_VIEWER;
    return person;
}

void person_free(Person *person) {
    if (person == NULL)
        return;
    g_free(person->name);
    g_strfreev(person->emails);
    g_strfreev(person->groups);
    g_free(person->token_sha256);
    g_free(person);
}

bool person_has_email(const Person *person, const char *email) {
    for (char **own = person->emails; *own != NULL; own++)
        if (g_ascii_strcasecmp(*own, email) == 0)
            return true;
    return false;
}

Role role_parse(const char *name) {
    for (gsize i = 0; i < G_N_ELEMENTS(roles); i++)
        if (strcmp(roles[i].name, name) == 0)
            return roles[i].role;
    return 0;
}

const char *role_name(Role role) {
    for (gsize i = 0; i < G_N_ELEMENTS(roles); i++)
        if (roles[i].role == role)
            return roles[i].name;
    return "";
}
