/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/ports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/process.h"

#define LOWEST 20000
#define HIGHEST 32767
#define TRIES 1000

static struct sockaddr_in address_of(guint16 port) {
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

bool ports_is_free(guint16 port) {
    struct sockaddr_in address = address_of(port);
    int reuse = 1; /* as Java does: what was closed a moment ago doesn't count */
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_free =
        descriptor >= 0 && setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse) == 0 &&
        bind(descriptor, (struct sockaddr *)&address, sizeof address) == 0 && listen(descriptor, 1) == 0;
    if (descriptor >= 0)
        close(descriptor);
    return is_free;
}

bool ports_is_listening(guint16 port) {
    struct sockaddr_in address = address_of(port);
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool listens = descriptor >= 0 && connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0;
    if (descriptor >= 0)
        close(descriptor);
    return listens;
}

static bool is_taken(const GArray *taken, guint16 port) {
    for (guint i = 0; i < taken->len; i++) {
        if (g_array_index(taken, guint16, i) == port)
            return true;
    }
    return false;
}

bool ports_find(const GArray *taken, guint16 *port, GError **error) {
    for (int tries = 0; tries < TRIES; tries++) {
        guint16 candidate = (guint16)g_random_int_range(LOWEST, HIGHEST + 1);
        if (!is_taken(taken, candidate) && ports_is_free(candidate)) {
            *port = candidate;
            return true;
        }
    }
    return process_free_ports(1, port, error);
}
