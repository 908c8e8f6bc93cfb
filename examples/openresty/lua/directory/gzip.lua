-- SPDX-License-Identifier: MIT
--- Compresses in pieces with the zlib that nginx itself is linked with, so that a long page is compressed once for all
-- visitors and no piece takes long. Where zlib cannot be found, `gzip.new` returns nil and nginx compresses by itself.

local ffi = require "ffi"

local gzip = {}

-- The names are our own: another module's declarations of zlib do no harm.
ffi.cdef [[
typedef struct {
  const unsigned char *next_in; unsigned int avail_in; unsigned long total_in;
  unsigned char *next_out; unsigned int avail_out; unsigned long total_out;
  const char *msg; void *state; void *zalloc; void *zfree; void *opaque;
  int data_type; unsigned long adler; unsigned long reserved;
} directory_z_stream;
const char *directory_zlib_version(void) asm("zlibVersion");
int directory_deflate_init(directory_z_stream *, int level, int method, int window, int memory, int strategy,
  const char *version, int size) asm("deflateInit2_");
int directory_deflate(directory_z_stream *, int flush) asm("deflate");
int directory_deflate_end(directory_z_stream *) asm("deflateEnd");
]]

local Z_DEFLATED, GZIP_WINDOW, MEMORY, Z_DEFAULT_STRATEGY, LEVEL = 8, 15 + 16, 8, 0, 6
local Z_NO_FLUSH, Z_FINISH, Z_STREAM_END = 0, 4, 1
local ROOM = 65536

local function find_zlib()
  for _, get in ipairs {function() return ffi.C end, function() return ffi.load "libz.so.1" end} do
    local fine, library = pcall(get)
    if fine and pcall(function() return library.directory_deflate_init end) then return library end
  end
end

local zlib = find_zlib()
local buffer = ffi.new("unsigned char[?]", ROOM)

local Stream = {}
Stream.__index = Stream

--- A new stream, or nil where there is no zlib.
function gzip.new()
  if not zlib then return nil end
  local z = ffi.new "directory_z_stream"
  local code = zlib.directory_deflate_init(z, LEVEL, Z_DEFLATED, GZIP_WINDOW, MEMORY, Z_DEFAULT_STRATEGY,
    zlib.directory_zlib_version(), ffi.sizeof "directory_z_stream")
  if code ~= 0 then return nil end
  return setmetatable({z = ffi.gc(z, zlib.directory_deflate_end), out = {}}, Stream)
end

local function run(self, text, flush)
  local z, code = self.z
  z.next_in, z.avail_in = text, #text
  repeat
    z.next_out, z.avail_out = buffer, ROOM
    code = zlib.directory_deflate(z, flush)
    self.out[#self.out + 1] = ffi.string(buffer, ROOM - z.avail_out)
  until z.avail_out ~= 0
  return code
end

--- Adds a piece.
function Stream:add(text) run(self, text, Z_NO_FLUSH) end

--- What all pieces came to, compressed. The stream is of no use then.
function Stream:finish()
  assert(run(self, "", Z_FINISH) == Z_STREAM_END, "zlib did not end")
  zlib.directory_deflate_end(ffi.gc(self.z, nil))
  return table.concat(self.out)
end

return gzip
