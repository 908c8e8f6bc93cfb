-- SPDX-License-Identifier: MIT
-- HTTPS through a proxy: a tunnel by CONNECT, and TLS inside it.

local days = require "spec.support.bad_days"
local nginx = require "spec.support.nginx"
local standin = require "spec.standin"
local tunnel = require "spec.support.tunnel"

describe("HTTPS through a proxy", function()
  local server, proxy, proxy_host

  setup(function() server, proxy = standin.start {}, tunnel.start() end)
  before_each(function()
    days.fresh(server)
    proxy_host = proxy.url:match("^http://(.*)$")
  end)
  teardown(function()
    server:stop()
    proxy:stop()
  end)

  local function connect(url, options)
    return days.connect(url, nginx.trusting(server, options))
  end

  local function tunnels()
    local _, count = proxy:seen():gsub("CONNECT ", "")
    return count
  end

  it("goes through one tunnel for many requests; the proxy sees neither path nor credentials of the server", function()
    local g = connect(nginx.tls_url(server), {proxy = proxy.url})
    local before = tunnels()
    for i = 1, 3 do assert.equal("ok", g:create_org("Tunnelled " .. i).status) end
    assert.equal(before + 1, tunnels())
    assert.is_nil(days.leak(proxy:seen(), {days.SECRETS[2], days.PASSWORD}))
    assert.is_nil(proxy:seen():find("/api/", 1, true))
    assert.equal(3, days.arrived(server, "POST", "^/api/orgs$"))
    g:close()
  end)

  it("tells the proxy its own credentials, percent-decoded", function()
    local g = connect(nginx.tls_url(server), {proxy = "http://smith:a%40b@" .. proxy_host})
    days.assert_usable(g)
    assert.matches("[Pp]roxy%-[Aa]uthorization: Basic c21pdGg6YUBi", proxy:seen())
    assert.is_nil(days.leak(server:requests(), {"c21pdGg6YUBi"}))
    g:close()
  end)

  it("verifies the server inside the tunnel", function()
    local g = days.connect(nginx.tls_url(server, server.tls_url), {proxy = proxy.url, max_retries = 0,
      ca_file = not nginx.inside and "/etc/ssl/certs/ca-certificates.crt" or nil})
    local wrong = nginx.inside and days.connect(server.tls_url, {proxy = proxy.url, max_retries = 0}) or g
    local r = wrong:create_org("A")   -- inside nginx the authority is known, and the name is not in the certificate
    assert.equal("error", r.status)
    assert.equal("tls", r.reason)
    assert.is_nil(r.uncertain)
    assert.equal(0, days.arrived(server, "POST"))
    g:close()
    wrong:close()
  end)

  it("of another server than the tunnel's end is told as such", function()
    local g = connect("https://127.0.0.1:1", {proxy = proxy.url, max_retries = 0})
    local r = g:create_org("A")
    assert.equal("error", r.status)
    assert.matches("502", r.message)
    assert.is_nil(r.uncertain)
    g:close()
  end)
end)
