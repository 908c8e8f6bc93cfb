/* SPDX-License-Identifier: MIT
 *
 * What a client has learned of its server: its version, which routes it has. It is learned from answers in passing and
 * spares questions; whoever relies on it must be prepared for a server that has been upgraded meanwhile, and forget it
 * then. In which ways servers differ, and where that is evened out: doc/servers.md. */
#include "gf_internal.h"

const char *gf_server_version(const gf_client *client) { return client->server.version; }

void gf_server_note_version(gf_client *client, gf_str version) {
  gf_free(&client->alloc, client->server.version);
  client->server.version = gf_strdup_n(&client->alloc, version);
}

int gf_server_fact(const gf_client *client, gf_fact fact) { return client->server.facts[fact]; }

void gf_server_note(gf_client *client, gf_fact fact, int value) { client->server.facts[fact] = value; }

void gf_server_forget(gf_client *client) {
  gf_free(&client->alloc, client->server.version);
  client->server = (gf_server){0};
}
