-- SPDX-License-Identifier: MIT
--- A directory of all dashboards and panels as a web page; nginx.conf says where each function is called.
--
--     init_by_lua_block        { require("directory").setup {refresh = 60} }
--     init_worker_by_lua_block { require("directory").start() }
--     content_by_lua_block     { require("directory").page() }      -- and json, health

local grafana = require "grafana"
local refresh = require "directory.refresh"
local serve = require "directory.serve"
local store = require "directory.store"

local directory = {}

local settings

-- -------------------------------------------------------------------------------------------- the environment --

local function environment(name)
  local value = os.getenv(name)
  return value ~= "" and value or nil
end

-- Read again when Grafana refuses the token: it can be replaced while nginx runs. A worker's user must be able to.
local function token_in(path)
  return function()
    local file, problem = io.open(path)
    if not file then error("GRAFANA_TOKEN_FILE: " .. problem, 0) end
    local token = file:read "*l"
    file:close()
    return token
  end
end

-- GRAFANA_TOKEN, or GRAFANA_USER and GRAFANA_PASSWORD, unless a file is named.
local function connect()
  local path = environment "GRAFANA_TOKEN_FILE"
  if not path then return grafana.connect() end
  return grafana.connect(environment "GRAFANA_URL", {token = token_in(path)})
end

-- ------------------------------------------------------------------------------------------------- the settings --

local DEFAULTS = {
  title = "Dashboards",
  refresh = 60,        -- seconds between two readings
  slowest = 300,       -- seconds between two attempts at most, while they fail
  lease = 30,          -- seconds after which another worker takes over from one that died while reading
}

local OTHERS = {link = true, max_age = true}

-- The static files are beside lua/. Their addresses change with what is in them.
local function version_of_static()
  local folder = debug.getinfo(1, "S").source:match "^@(.*)lua/directory%.lua$" or ""
  local texts = {}
  for i, name in ipairs {"style.css", "directory.js", "icon.svg"} do
    local file = assert(io.open(folder .. "static/" .. name, "rb"))
    texts[i] = file:read "*a"
    file:close()
  end
  return ngx.md5(table.concat(texts)):sub(1, 12)
end

local function check_link(link)
  if not link:match "^https?://[%w.:%[%]-]+/?[^?#@%s]*$" then
    error("directory: link must be the address of Grafana for browsers, http:// or https://", 0)
  end
  return (link:gsub("/+$", ""))
end

--- Reads the settings and makes the client, which sends nothing yet; for init_by_lua.
-- @tab[opt] given `title`; `refresh`, `slowest`, `lease` in seconds; `link`, Grafana's address for browsers where it is
-- not GRAFANA_URL; `max_age`, seconds after which /health says that the data are stale: three times `refresh` and 30
function directory.setup(given)
  settings = {}
  for name, value in pairs(DEFAULTS) do settings[name] = value end
  for name, value in pairs(given or {}) do
    if DEFAULTS[name] == nil and not OTHERS[name] then error("directory: unknown setting " .. tostring(name), 0) end
    settings[name] = value
  end
  settings.client = connect()
  settings.base = check_link(settings.link or environment "GRAFANA_URL")
  settings.max_age = settings.max_age or 3 * settings.refresh + 30
  settings.version = version_of_static()
  store.dict:set("next", 0)   -- after a reload of nginx all is read again, whatever is there
end

--- Begins to read in the background; for init_worker_by_lua.
function directory.start() refresh.start(settings) end

--- The page, and with ?q=…, ?tag=… or ?org=… the part of it that is asked for.
function directory.page() serve.page(settings) end

--- All that was read, as JSON.
function directory.json() serve.json() end

--- 200 while the data are fresh enough, else 503; JSON that says why.
function directory.health() serve.health(settings) end

return directory
