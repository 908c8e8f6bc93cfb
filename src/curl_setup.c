/* SPDX-License-Identifier: MIT
 *
 * curl_setup.c: the driver's settings: checked, copied, and put on libcurl's handles, once for each handle.
 */
#include "curl_internal.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void gfc_config_init(gfc_config *config) {
  *config = (gfc_config){.verify = true, .concurrency = 8, .alloc = gf_default_allocator()};
}

/* ----------------------------------------------------------------------------------- checking, copying -- */

static bool fail(gf_error *error, const char *option, const char *problem, const char *value) {
  snprintf(error->message, sizeof error->message, "%s: %s%s%.150s", option, problem, value ? " " : "",
           value ? value : "");
  return false;
}

static bool cannot_read(gf_error *error, const char *option, const char *path, const char *why) {
  snprintf(error->message, sizeof error->message, "%s: cannot read %.150s: %s", option, path, why);
  return false;
}

/* `path` (NULL: nothing to check) is a file, or a folder, that this process may read. */
static bool check_path(const char *option, const char *path, bool folder, gf_error *error) {
  struct stat about;
  if (!path) return true;
  if (!*path) return fail(error, option, "an empty path", NULL);
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return cannot_read(error, option, path, strerror(errno));
  bool is_folder = fstat(fd, &about) == 0 && S_ISDIR(about.st_mode);
  close(fd);
  if (is_folder == folder) return true;
  return cannot_read(error, option, path, folder ? "it is no folder" : "it is a folder");
}

/* A proxy that libcurl could not read would be quoted in its message, password and all. */
static bool check_proxy(const char *proxy, gf_error *error) {
  if (!proxy || !*proxy) return true;
  CURLU *url = curl_url();
  if (!url) return fail(error, "proxy", "out of memory", NULL);
  CURLUcode result = curl_url_set(url, CURLUPART_URL, proxy, CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME);
  curl_url_cleanup(url);
  return result == CURLUE_OK || fail(error, "proxy", "this is no address, write http://host:port", NULL);
}

static bool check_config(const gfc_config *config, gf_error *error) {
  if (config->concurrency < 1 || config->concurrency > GFC_MAX_CONCURRENCY)
    return fail(error, "concurrency", "expected 1 to 1000", NULL);
  if (config->key && !config->cert) return fail(error, "key", "a key needs its certificate in cert", NULL);
  return check_path("ca_file", config->ca_file, false, error) &&
         check_path("ca_path", config->ca_path, true, error) &&
         check_path("cert", config->cert, false, error) && check_path("key", config->key, false, error) &&
         check_proxy(config->proxy, error);
}

static bool copy(gfc_driver *driver, const char **to, const char *from) {
  *to = NULL;
  if (!from) return true;
  size_t size = strlen(from) + 1;
  char *text = gfc_resize(&driver->alloc, NULL, size);
  if (text) *to = memcpy(text, from, size);
  return text != NULL;
}

bool gfc_setup_config(gfc_driver *driver, const gfc_config *from, gf_error *error) {
  gfc_config *to = &driver->config;
  if (!check_config(from, error)) return false;
  *to = (gfc_config){.verify = from->verify, .concurrency = from->concurrency};
  if (copy(driver, &to->ca_file, from->ca_file) && copy(driver, &to->ca_path, from->ca_path) &&
      copy(driver, &to->cert, from->cert) && copy(driver, &to->key, from->key) &&
      copy(driver, &to->proxy, from->proxy))
    return true;
  snprintf(error->message, sizeof error->message, "out of memory");
  return false;
}

static void forget(gfc_driver *driver, const char **text) {
  volatile char *p = (volatile char *)(uintptr_t)*text;
  for (size_t n = *text ? strlen(*text) : 0; n > 0; n--)
    p[n - 1] = 0;
  gfc_release(&driver->alloc, (void *)(uintptr_t)*text);
  *text = NULL;
}

void gfc_setup_free(gfc_driver *driver) {
  gfc_config *config = &driver->config;
  forget(driver, &config->ca_file);
  forget(driver, &config->ca_path);
  forget(driver, &config->cert);
  forget(driver, &config->key);
  forget(driver, &config->proxy); /* there may be a password in it */
}

/* ---------------------------------------------------------------------------------------- onto handles -- */

CURLM *gfc_setup_multi(gfc_driver *driver) {
  CURLM *multi = curl_multi_init();
  if (!multi) return NULL;
  long most = driver->config.concurrency;
  if (gfc_loop_attach(&driver->loop, multi) == CURLM_OK &&
      curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, most) == CURLM_OK &&
      curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, most) == CURLM_OK &&
      curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, most) == CURLM_OK)
    return multi;
  curl_multi_cleanup(multi);
  return NULL;
}

/* Whom to trust. With an own file or folder nothing else: libcurl would keep the system's other one. */
static CURLcode set_trust(CURL *easy, const gfc_config *config) {
  GFC_SET(easy, CURLOPT_SSL_VERIFYPEER, config->verify ? 1L : 0L);
  GFC_SET(easy, CURLOPT_SSL_VERIFYHOST, config->verify ? 2L : 0L);
  if (config->ca_file || config->ca_path) {
    GFC_SET(easy, CURLOPT_CAINFO, config->ca_file);
    GFC_SET(easy, CURLOPT_CAPATH, config->ca_path);
  }
  if (config->cert) GFC_SET(easy, CURLOPT_SSLCERT, config->cert);
  if (config->key) GFC_SET(easy, CURLOPT_SSLKEY, config->key);
  return CURLE_OK;
}

/* A proxy that was named is used for every host: no_proxy of the environment does not count. */
static CURLcode set_proxy(CURL *easy, const gfc_config *config) {
  GFC_SET(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  if (!config->proxy) return CURLE_OK;
  GFC_SET(easy, CURLOPT_PROXY, config->proxy);
  GFC_SET(easy, CURLOPT_NOPROXY, "");
  return CURLE_OK;
}

CURLcode gfc_setup_easy(gfc_driver *driver, CURL *easy) {
  GFC_SET(easy, CURLOPT_NOSIGNAL, 1L);
  GFC_SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  GFC_SET(easy, CURLOPT_PATH_AS_IS, 1L);
  GFC_SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
  GFC_SET(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  GFC_SET(easy, CURLOPT_ACCEPT_ENCODING, "");
  GFC_SET(easy, CURLOPT_BUFFERSIZE, (long)GFC_RECEIVE_BUFFER);
  GFC_SET(easy, CURLOPT_TCP_KEEPALIVE, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
  /* A time limit, or a drop, while a name is looked up must not wait for the resolver's thread. */
  (void)curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
  CURLcode result = set_trust(easy, &driver->config);
  if (result == CURLE_OK) result = set_proxy(easy, &driver->config);
  return result == CURLE_OK ? gfc_loop_attach_easy(&driver->loop, easy) : result;
}
