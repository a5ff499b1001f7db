/* SPDX-License-Identifier: Apache-2.0 */
#include "server/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/error.h"

enum { BACKLOG = 256 };

char *listen_name(const char *host, guint16 port) {
    return g_strdup_printf(strchr(host, ':') != NULL ? "[%s]:%u" : "%s:%u", host, port);
}

static int try_address(const struct addrinfo *address) {
    int descriptor =
        socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->ai_protocol);
    if (descriptor < 0)
        return -1;
    const int on = 1;
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (address->ai_family == AF_INET6)
        setsockopt(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (bind(descriptor, address->ai_addr, address->ai_addrlen) == 0 && listen(descriptor, BACKLOG) == 0)
        return descriptor;
    int problem = errno;
    close(descriptor);
    errno = problem;
    return -1;
}

static guint16 port_of(int descriptor) {
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
    } address;
    memset(&address, 0, sizeof address);
    socklen_t length = sizeof address;
    getsockname(descriptor, &address.any, &length);
    return ntohs(address.any.sa_family == AF_INET6 ? address.ipv6.sin6_port : address.ipv4.sin_port);
}

static const char *hint_for(int problem) {
    return problem == EADDRINUSE ? "another program listens there; choose another port in the server's file"
           : problem == EACCES   ? "only root may listen below port 1024: put a reverse proxy in front"
                                 : NULL;
}

int listen_at(const char *host, guint16 *port, GError **error) {
    const struct addrinfo wanted = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses = NULL;
    g_autofree char *service = g_strdup_printf("%u", *port);
    g_autofree char *name = listen_name(host, *port);
    int status = getaddrinfo(host, service, &wanted, &addresses);
    if (status != 0) {
        error_set(error, SERVER_ERROR, SERVER_ERROR_FAILED, NULL, "cannot listen at %s: %s", name,
                  gai_strerror(status));
        return -1;
    }
    int descriptor = -1;
    for (const struct addrinfo *address = addresses; address != NULL && descriptor < 0;
         address = address->ai_next)
        descriptor = try_address(address);
    int problem = errno;
    freeaddrinfo(addresses);
    if (descriptor >= 0)
        *port = port_of(descriptor);
    else
        error_set(error, SERVER_ERROR, SERVER_ERROR_FAILED, hint_for(problem), "cannot listen at %s: %s",
                  name, g_strerror(problem));
    return descriptor;
}
