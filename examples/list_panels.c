/* SPDX-License-Identifier: MIT
 *
 * Prints all panels of the organisation that the credentials belong to, with libgrafana and libcurl, without Lua:
 *
 *     cc -Isrc examples/list_panels.c libgrafana_curl.a libgrafana.a -lcurl -lyyjson -o list_panels
 *     GRAFANA_URL=https://example.org/grafana GRAFANA_USER=admin GRAFANA_PASSWORD=secret ./list_panels
 */
#include "curl_driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gf_str from_environment(const char *name) {
  const char *value = getenv(name);
  return (gf_str){value, value ? strlen(value) : 0};
}

/* A string member of a row; "" where there is none. */
static gf_str text_of(gf_value row, const char *key) {
  gf_str text = {"", 0};
  gf_value_string(gf_value_get(row, key), &text);
  return text;
}

static void print_panel(gf_value row) {
  int64_t id = 0;
  gf_str dashboard = text_of(row, "dashboard_title"), title = text_of(row, "title"),
         type = text_of(row, "type");
  gf_value_int(gf_value_get(row, "id"), &id);
  printf("%-30.*s %4lld  %-14.*s %.*s\n", (int)dashboard.n, dashboard.p, (long long)id, (int)type.n, type.p,
         (int)title.n, title.p);
}

/* 0 when the result is ok. */
static int print_result(const gf_result *result) {
  if (result->status != GF_OK) {
    fprintf(stderr, "%s: %s: %s\n", result->operation, gf_status_name(result->status), result->message);
    return 1;
  }
  const gf_field *panels = gf_result_field(result, "panels"), *failed = gf_result_field(result, "failed");
  for (size_t i = 0; i < panels->n_items; i++)
    print_panel(panels->items[i]);
  printf("%zu panels\n", panels->n_items);
  if (failed) fprintf(stderr, "%zu dashboards could not be read\n", failed->n_items);
  return 0;
}

/* The driver carries the call's requests until there is a result. */
static int run(gf_call *call, gfc_driver *driver) {
  if (!gfc_driver_add(driver, call)) return 1;
  while (!gf_call_is_done(call))
    gfc_driver_step(driver, 1000);
  return print_result(gf_call_result(call));
}

static int list_panels(gf_client *client, gf_error *error) {
  gfc_config config;
  gfc_config_init(&config);
  const gf_arg own = {.kind = GF_ARG_OWN}; /* the organisation of the credentials */
  gfc_driver *driver = gfc_driver_new(&config, error);
  gf_call *call = driver ? gf_call_new(client, gf_op_find("get_org_panels"), &own, 1, NULL, 0, error) : NULL;
  int code = call ? run(call, driver) : 2;
  gf_call_release(call);
  gfc_driver_free(driver);
  return code;
}

int main(void) {
  gf_config config;
  gf_error error = {{0}};
  gf_config_init(&config);
  config.url = from_environment("GRAFANA_URL");
  config.user = from_environment("GRAFANA_USER");
  config.password = from_environment("GRAFANA_PASSWORD");
  gf_client *client = gf_client_new(&config, &error);
  int code = client ? list_panels(client, &error) : 2;
  if (code == 2) fprintf(stderr, "list_panels: %s\n", error.message);
  gf_client_release(client);
  return code;
}
