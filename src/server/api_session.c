/* SPDX-License-Identifier: Apache-2.0 */
#include "server/api.h"
#include "server/auth.h"
#include "server/config.h"
#include "server/error.h"
#include "server/metrics.h"

enum { TOKEN_MOST = 512 };

static json_t *texts_of(char **texts) {
    json_t *list = json_array();
    for (char **text = texts; *text != NULL; text++)
        json_array_append_new(list, json_string(*text));
    return list;
}

static json_t *roles_of(const Person *person) {
    static const Role ROLES[] = {ROLE_VIEWER, ROLE_OPERATOR, ROLE_APPROVER};
    json_t *list = json_array();
    for (gsize i = 0; i < G_N_ELEMENTS(ROLES); i++)
        if ((person->roles & (int)ROLES[i]) != 0)
            json_array_append_new(list, json_string(role_name(ROLES[i])));
    return list;
}

static Answer *answer_person(const Person *person) {
    return answer_json(MHD_HTTP_OK, json_pack("{s:s,s:o,s:o}", "name", person->name, "roles",
                                              roles_of(person), "groups", texts_of(person->groups)));
}

Answer *api_who_am_i(const Request *request, GError **error) {
    return answer_person(request->person);
}

/* --- Signing in and out --------------------------------------------------------------------------------- */

static void set_cookie(Answer *answer, const Request *request, const char *value, int seconds) {
    const char *url = request->context->config->public_url;
    bool secure = url != NULL && g_str_has_prefix(url, "https://");
    g_autofree char *cookie =
        g_strdup_printf(AUTH_COOKIE "=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict%s", value, seconds,
                        secure ? "; Secure" : "");
    answer_header(answer, MHD_HTTP_HEADER_SET_COOKIE, cookie);
}

static gint64 seconds_now(void) {
    return g_get_real_time() / G_USEC_PER_SEC;
}

static const Person *sign_in(const Request *request, const char *token, GError **error) {
    Auth *auth = request->context->auth;
    g_autofree char *address = request_address(request);
    gint64 now = g_get_monotonic_time() / G_USEC_PER_SEC;
    if (!auth_may_try(auth, address, now)) {
        error_set(error, SERVER_ERROR, SERVER_ERROR_TOO_MANY, "wait a minute",
                  "too many attempts to sign in failed");
        return NULL;
    }
    const Person *person = auth_by_token(auth, token);
    metrics_count_sign_in(request->context->metrics, person != NULL);
    if (person != NULL)
        return person;
    auth_failed(auth, address, now);
    error_set(error, SERVER_ERROR, SERVER_ERROR_UNKNOWN,
              "the server's file lists users and the hashes of tokens", "this token is nobody's");
    return NULL;
}

Answer *api_sign_in(const Request *request, GError **error) {
    static const char *const KEYS[] = {"token", NULL};
    g_autoptr(json_t) body = request_object(request, KEYS, error);
    const char *token = body != NULL ? request_member(body, "token", TOKEN_MOST, error) : NULL;
    const Person *person = token != NULL ? sign_in(request, token, error) : NULL;
    if (person == NULL)
        return NULL;
    pipeline_note(request->context->pipeline, "sign_in", person);
    g_autofree char *cookie = auth_cookie(request->context->auth, person, seconds_now());
    Answer *answer = answer_person(person);
    set_cookie(answer, request, cookie, AUTH_SESSION_S);
    return answer;
}

Answer *api_sign_out(const Request *request, GError **error) {
    Answer *answer = answer_empty(MHD_HTTP_NO_CONTENT);
    set_cookie(answer, request, "", 0);
    return answer;
}
