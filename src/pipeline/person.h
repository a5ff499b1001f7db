/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A person (or program) that the server's file knows, and what it may do.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum {
    ROLE_VIEWER = 1 << 0,   /* sees everything; whoever is known is one */
    ROLE_OPERATOR = 1 << 1, /* retries, promotes, lets in, deploys */
    ROLE_APPROVER = 1 << 2, /* approves and rejects */
} Role;

typedef struct {
    char *name;
    char **emails;      /* by which commits are known as theirs; NULL-terminated, never NULL */
    char **groups;      /* as emails */
    int roles;          /* Role, or-ed */
    char *token_sha256; /* 64 hex of the token that proves it */
} Person;

Person *person_new(const char *name);
void person_free(Person *person);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Person, person_free)

/* Whether an e-mail address is one of theirs, whatever its case. */
bool person_has_email(const Person *person, const char *email);

/* "viewer", "operator", "approver"; 0 for another word. */
Role role_parse(const char *name);
const char *role_name(Role role);
