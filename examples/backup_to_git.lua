-- SPDX-License-Identifier: MIT
-- Back a Grafana server up into a git repository, and commit what has changed. Every night, by cron:
--
--     GRAFANA_URL=https://example.org/grafana
--     GRAFANA_USER=admin
--     GRAFANA_PASSWORD=…
--     15 3 * * *  lua5.4 backup_to_git.lua /srv/grafana-backup
--
-- An unchanged server gives no commit. It ends with 1 where something could not be read, and says what; the rest is
-- there all the same. All organisations and users can be read by a server admin only.

local bulk = require "grafana.bulk"
local grafana = require "grafana"

local dir = assert(arg[1], "usage: backup_to_git.lua FOLDER")

local function quoted(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function git(command)
  local fine = os.execute(("git -C %s %s"):format(quoted(dir), command))
  return fine == true or fine == 0
end

local g = grafana.connect(nil, nil, {timeout = 30000})
local report = bulk.backup(g, dir, {on_progress = grafana.progress {label = "backup"}})
print(report)

-- The manifest alone, which holds the time, is no change.
if report.dir and (git "rev-parse -q --git-dir >/dev/null 2>&1" or git "init -q") then
  git "add -A ."
  if not git "diff --cached --quiet -- . ':!manifest.json'" then
    git(("-c user.name=grafana -c user.email=grafana@localhost commit -q -m %s -- ."):format(
      quoted("Grafana, " .. os.date("%Y-%m-%d %H:%M"))))
  end
end
os.exit(report.ok and 0 or 1, true)
