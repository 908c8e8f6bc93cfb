-- SPDX-License-Identifier: MIT
--- What specs need to know of nginx, in which they run, too (scripts/lua nginx).

local nginx = {}

--- Whether this runs inside nginx: calls then go over nginx's sockets, not over libcurl.
nginx.inside = rawget(_G, "ngx") ~= nil

--- `it` or `describe` for what cannot be tested inside nginx: does nothing there.
function nginx.outside(test)
  return nginx.inside and function() end or test
end

-- nginx's sockets trust what nginx's configuration says, in which scripts/lua has the stand-ins' certificate, and
-- compare the server's name with those in the certificate, but no address.

--- What `connect` needs so that the certificate of `nginx.tls_url(server)` is accepted: options, to which those given
-- are added.
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

--- Inside nginx: several calls at once on one client, each in a thread of its own; the results in the order of the rows
-- {operation, arguments…}.
function nginx.at_once(g, rows)
  local threads, results = {}, {}
  for i, row in ipairs(rows) do threads[i] = ngx.thread.spawn(g[row[1]], g, unpack(row, 2)) end
  for i, thread in ipairs(threads) do
    local fine, result = ngx.thread.wait(thread)
    results[i] = fine and result or error(result, 0)
  end
  return results
end

return nginx
