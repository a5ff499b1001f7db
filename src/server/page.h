/* SPDX-License-Identifier: Apache-2.0 */
/* The files of web/ and openapi.yaml, which the program carries, packed with gzip. */
#pragma once

#include "server/request.h"

Page *page_new(void);
void page_free(Page *page);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Page, page_free)
