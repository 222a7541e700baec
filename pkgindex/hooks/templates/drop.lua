pcall(function()
  local stamp = "@STAMPS@/@STAMP@"
  if posix.stat("@STAMPS@", "type") == "directory" and not posix.stat(stamp) then
    local file = io.open(stamp, "w")
    if file then file:close() end
  end
end)
