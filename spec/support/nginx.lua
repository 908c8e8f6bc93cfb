-- SPDX-License-Identifier: MIT
--- What specs need to know of nginx, in which they run, too (scripts/lua nginx).

local nginx = {}

--- Whether this runs inside nginx: calls then go over nginx's sockets, not over libcurl.
nginx.inside = rawget(_G, "ngx") ~= nil

--- `it` or `describe` for what cannot be tested inside nginx: does nothing there.
function nginx.outside(test)
  return nginx.inside and function() end or test
end

-- One of nginx's sockets trusts what nginx's configuration says, in which scripts/lua has the stand-ins' certificate, and
-- compares the server's name with those in the certificate, but no address.

--- What `connect` needs so that the certificate of `nginx.tls_url(server)` is accepted: options, to which those given are
-- added.
function nginx.trusting(server, options)
  local all = {ca_file = not nginx.inside and server.cert or nil}
  for name, value in pairs(options or {}) do all[name] = value end
  return all
end

--- A stand-in's address that its certificate names; `url` is tls_url unless given.
function nginx.tls_url(server, url)
  url = url or server.tls_url
  return nginx.inside and url:gsub("127%.0%.0%.1", "localhost") or url
end

return nginx
