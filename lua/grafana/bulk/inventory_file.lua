-- SPDX-License-Identifier: MIT
-- A file that is written piece by piece.

local io, os, pcall = io, os, pcall

local file = {}

--- Write what `write(out)` gives to `out`, piece by piece: first beside the path, then in its place.
-- @return true, or nil and what went wrong
function file.write(path, write)
  local beside = path .. ".new"
  local handle, problem = io.open(beside, "wb")
  if not handle then return nil, problem end
  handle:setvbuf("full", 65536)
  local fine, raised = pcall(write, function(piece)
    local written, why = handle:write(piece)
    if not written then error(why, 0) end
  end)
  local closed, why = handle:close()
  if fine and closed then
    fine, raised = os.rename(beside, path)
  elseif fine then
    fine, raised = false, why
  end
  if fine then return true end
  os.remove(beside)
  return nil, raised
end

return file
