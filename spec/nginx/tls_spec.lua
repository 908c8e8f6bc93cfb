-- SPDX-License-Identifier: MIT
-- TLS over nginx's sockets: who is trusted, and which connections are shared. nginx's module 0.10.23 takes a handshake
-- that is over at once for a good one, whoever is at the other end; how often that happens is chance.

local days = require "spec.support.bad_days"
local nginx = require "spec.support.nginx"
local nginx_server = require "spec.support.nginx_server"
local standin = require "spec.standin"
local tunnel = require "spec.support.tunnel"

if not nginx.inside then return end

local HANDSHAKES = 200

describe("TLS in nginx", function()
  local known, stranger   -- servers whose certificate is trusted here, and not

  setup(function()
    known = standin.start {mutual_tls = true}
    stranger = standin.start {own_certificate = true}
  end)
  teardown(function()
    known:stop()
    stranger:stop()
  end)
  before_each(function()
    days.fresh(known)
    days.fresh(stranger)
  end)

  local function connect(url, options)
    options = options or {}
    options.max_retries = 0
    return days.connect(url, options)
  end

  -- The stranger's certificate is for that name, too; nobody vouches for it.
  local function assert_refused(r)
    assert.equal("error", r.status, tostring(r))
    assert.equal("tls", r.reason, tostring(r))
    assert.equal(1, r.attempts)
    assert.is_nil(r.uncertain)
    assert.matches("certificate", r.message)
    assert.is_nil(days.leak(r))
  end

  it("trusts nobody whom the configuration does not name, however fast the handshake: nothing is sent", function()
    for i = 1, HANDSHAKES do
      local g = connect(nginx.tls_url(stranger))
      assert_refused(i % 2 == 0 and g:get_org(1) or g:create_org("A"))
      g:close()
    end
    assert.equal(0, #stranger:requests())
  end)

  it("refuses many at once", function()
    local g = connect(nginx.tls_url(stranger), {concurrency = 16})
    local rows = {}
    for i = 1, 50 do rows[i] = {"get_org", 1} end
    for _, r in ipairs(days.at_once(g, rows)) do assert_refused(r) end
    assert.equal(0, #stranger:requests())
    g:close()
  end)

  it("accepts anybody with verify = false, however fast the handshake", function()
    for i = 1, HANDSHAKES / 4 do
      local g = connect(nginx.tls_url(stranger), {verify = false})
      days.assert_usable(g)
      g:close()
      assert.equal(i, #stranger:requests())
    end
  end)

  it("wants the name in the certificate to be the server's; an address in it does not count", function()
    local g = connect(known.tls_url)   -- https://127.0.0.1, which the certificate has as an address
    assert_refused(g:get_org(1))
    assert.equal(0, #known:requests())
    g:close()
  end)

  it("says the same of what it refuses, however fast the handshake, and names what may help", function()
    for _ = 1, HANDSHAKES / 4 do
      local g = connect(known.tls_url)
      assert.matches("(certificate host mismatch; nginx looks at the names", g:get_org(1).message, 1, true)
      g:close()
      g = connect(nginx.tls_url(stranger))
      assert.matches("certificate; see lua_ssl_trusted_certificate and", g:get_org(1).message, 1, true)
      g:close()
    end
  end)

  it("never uses a connection that was made without verification for a client that verifies", function()
    local careless, careful = connect(nginx.tls_url(stranger), {verify = false}), connect(nginx.tls_url(stranger))
    for _ = 1, 20 do
      days.assert_usable(careless)
      assert_refused(careful:get_org(1))
    end
    assert.equal(20, #stranger:requests())
    careless:close()
    careful:close()
  end)

  it("never uses a connection that was verified for one name for another name", function()
    local by_name, by_address = connect(nginx.tls_url(known)), connect(known.tls_url)
    for _ = 1, 5 do
      days.assert_usable(by_name)
      assert_refused(by_address:get_org(1))
    end
    assert.equal(5, #known:requests())
    by_name:close()
    by_address:close()
  end)

  it("never uses a connection with a client certificate for a client without, or with another", function()
    local url = nginx.tls_url(known, known.mutual_tls_url)
    local function path(name) return known.dir .. "/" .. name end
    local operator = connect(url, {cert = path "client.pem", key = path "client.key"})
    local nobody = connect(url)
    local other = connect(url, {cert = path "stranger.pem", key = path "stranger.key"})
    for i = 1, 5 do
      days.assert_usable(operator)
      assert_refused(nobody:get_org(1))
      assert_refused(other:get_org(1))
      assert.equal(i, #known:requests())
    end
    for _, g in ipairs {operator, nobody, other} do g:close() end
  end)

  it("never uses a connection through a proxy for a client without, or with other credentials for it", function()
    local proxy = tunnel.start()
    finally(function() proxy:stop() end)
    local function tunnels() return select(2, proxy:seen():gsub("CONNECT ", "")) end
    local url = nginx.tls_url(known)
    local first, direct = connect(url, {proxy = proxy.url}), connect(url)
    local second = connect(url, {proxy = proxy.url:gsub("//", "//smith:geheim@")})
    for i = 1, 3 do
      for _, g in ipairs {first, direct, second} do days.assert_usable(g) end
      assert.equal(2, tunnels())
      assert.equal(3 * i, #known:requests())
    end
    for _, g in ipairs {first, direct, second} do g:close() end
  end)

  it("refuses what is no client certificate, or no key of it, when connecting or before anything is sent", function()
    local url = nginx.tls_url(known, known.mutual_tls_url)
    local function path(name) return known.dir .. "/" .. name end
    for _, case in ipairs {
      {"client.key", "client.pem", "cert"}, {"url", "url", "cert"}, {"client.pem", "url", "key"},
    } do
      local fine, message = pcall(connect, url, {cert = path(case[1]), key = path(case[2])})
      assert.is_false(fine)
      assert.matches("option '" .. case[3] .. "'", message)
    end
    -- Connections that somebody opened with the right key are not for who has another.
    local g = connect(url, {cert = path "client.pem", key = path "client.key"})
    days.assert_usable(g)
    g:close()
    g = connect(url, {cert = path "client.pem", key = path "stranger.key"})
    local r = g:create_org("A")
    assert.equal("tls", r.reason, tostring(r))
    assert.is_nil(r.uncertain)
    g:close()
    assert.equal(1, #known:requests())
  end)

  it("without lua_ssl_trusted_certificate trusts nobody, and says which directive is missing", function()
    local server = nginx_server.start {
      init = [[ g = require("grafana").connect("@URL@", {"admin", "admin"}, {max_retries = 0}) ]],
      locations = [[ location / { content_by_lua_block { ngx.print(tostring(g:get_org(1))) } } ]],
      values = {URL = nginx.tls_url(known)},
    }
    local _, body = server:get("/")
    server:stop()
    assert.matches("^error %(tls%)", body)
    assert.matches("lua_ssl_trusted_certificate", body)
    assert.equal(0, #known:requests())
  end)
end)
