-- SPDX-License-Identifier: MIT
---@meta grafana.bulk

---A kind of objects, in the order in which they are written.
---@alias grafana.bulk.Kind "organisations"|"users"|"org_users"|"teams"|"service_accounts"|"datasources"|"folders"|"library_panels"|"dashboards"|"folder_permissions"|"dashboard_permissions"|"mute_timings"|"templates"|"contact_points"|"policies"|"rule_groups"|"annotations"|"playlists"|"preferences"

---@class grafana.bulk.Change
---@field n integer its place in the plan
---@field kind grafana.bulk.Kind
---@field org string|false the organisation's name; false: the server itself
---@field key string
---@field title string
---@field action "create"|"update"|"delete"
---@field why string
---@field state? "begun"|"done"|"failed"

---@class grafana.bulk.Failure
---@field kind grafana.bulk.Kind|"plan"|"deletions"
---@field org? string
---@field key? string without it the whole list
---@field title? string
---@field action? "create"|"update"|"delete"
---@field status grafana.Status
---@field reason? grafana.Reason
---@field message? string

---@class grafana.bulk.Report: grafana.Result
---@field job string
---@field total integer
---@field done integer
---@field failed integer
---@field unchanged integer
---@field failures grafana.bulk.Failure[]
---@field missing_secrets {kind: grafana.bulk.Kind, org?: string, key: string, title: string, secrets: string[]}[]
---@field journal string its folder
---@field plan grafana.bulk.Plan

---@class grafana.bulk.BackupReport: grafana.Result
---@field dir string
---@field counts table<grafana.bulk.Kind, integer>
---@field total integer
---@field written integer files that were written anew
---@field removed integer files of what is gone from the server
---@field failures grafana.bulk.Failure[]
---@field notes string[]

---@class grafana.bulk.ApplyOptions
---@field on_progress? fun(done: integer, total: integer, failed: integer)
---@field secret? fun(what: {kind: grafana.bulk.Kind, org?: string, key: string, title: string, name: string}): string?

---@class grafana.bulk.Plan
---@field job string
---@field changes grafana.bulk.Change[]
---@field failures grafana.bulk.Failure[] what could not be read
---@field notes string[]
local plan = {}

---@param options? grafana.bulk.ApplyOptions
---@return grafana.bulk.Report
function plan:apply(options) end

---@param options? {journal?: string, on_progress?: function, secret?: function}
---@return grafana.bulk.Report
function plan:undo(options) end

---@param options? {journal?: string}
---@return grafana.bulk.Plan
function plan:inverse(options) end

---@param options? {colours?: boolean, kind?: grafana.bulk.Kind, org?: string, key?: string, out?: fun(text: string)}
---@return string?
function plan:diff(options) end

---@return {create: integer, update: integer, delete: integer}
function plan:counts() end

function plan:close() end

---@class grafana.bulk.Difference: grafana.Result
---@field added {kind: grafana.bulk.Kind, org?: string, key: string, title: string}[]
---@field removed {kind: grafana.bulk.Kind, org?: string, key: string, title: string}[]
---@field changed {kind: grafana.bulk.Kind, org?: string, key: string, title: string}[]
local difference = {}

---@param options? {colours?: boolean, kind?: grafana.bulk.Kind, org?: string, key?: string, out?: fun(text: string)}
---@return string?
function difference:diff(options) end

function difference:close() end

---@class grafana.bulk.Inventory: grafana.Result
local inventory = {}

---@param name? string one of its tables
---@return string
function inventory:text(name) end

---@param name? string one of its tables
---@return string
function inventory:csv(name) end

---@return string
function inventory:html() end

---@param path string ends in .html, .csv or .txt
---@param name? string one of its tables
function inventory:save(path, name) end

---@alias grafana.bulk.Org integer|string|userdata|nil
---@alias grafana.bulk.Selection nil|"all"|string[]|{tag?: string, tags?: string[], folder?: string, query?: string, title?: string, uids?: string[]}

---@class grafana.bulk.Mapping
---@field organisations? table<string, string>
---@field users? table<string, string>
---@field teams? table<string, string>
---@field service_accounts? table<string, string>
---@field datasources? table<string, string>
---@field folders? table<string, string>

---@class grafana.bulk.Options: grafana.bulk.ApplyOptions
---@field kinds? grafana.bulk.Kind[]
---@field permissions? boolean
---@field mapping? grafana.bulk.Mapping
---@field journal? string
---@field alertmanager_wait? number seconds

---@class grafana.bulk
local bulk = {}

---@param g grafana.Client
---@param dir string
---@param options? {orgs?: string[], kinds?: grafana.bulk.Kind[], permissions?: boolean, on_progress?: function}
---@return grafana.bulk.BackupReport
function bulk.backup(g, dir, options) end

---@param g grafana.Client
---@param dir string
---@param options? grafana.bulk.Options|{orgs?: string[]}
---@return grafana.bulk.Plan
function bulk.restore(g, dir, options) end

---@param from grafana.Client
---@param from_org grafana.bulk.Org
---@param to grafana.Client
---@param to_org grafana.bulk.Org
---@param options? grafana.bulk.Options
---@return grafana.bulk.Plan
function bulk.copy(from, from_org, to, to_org, options) end

---@param from grafana.Client
---@param from_org grafana.bulk.Org
---@param to grafana.Client
---@param to_org grafana.bulk.Org
---@param options? grafana.bulk.Options|{delete?: boolean, max_deletes?: integer}
---@return grafana.bulk.Plan
function bulk.sync(from, from_org, to, to_org, options) end

---@param a grafana.Client|{[1]: grafana.Client, [2]: grafana.bulk.Org}|string
---@param b grafana.Client|{[1]: grafana.Client, [2]: grafana.bulk.Org}|string
---@param options? {kinds?: grafana.bulk.Kind[], permissions?: boolean, mapping?: grafana.bulk.Mapping}
---@return grafana.bulk.Difference
function bulk.diff(a, b, options) end

---@param g grafana.Client
---@param org grafana.bulk.Org
---@param wanted {from: string, to: string}
---@param options? {kinds?: grafana.bulk.Kind[], force?: boolean, journal?: string, on_progress?: function}
---@return grafana.bulk.Plan
function bulk.replace_datasource(g, org, wanted, options) end

---@param g grafana.Client
---@param org grafana.bulk.Org
---@param selection grafana.bulk.Selection
---@param f fun(document: grafana.Document, about: {uid: string, title: string, folder?: string, apiVersion: string}): any
---@param options? {journal?: string, on_progress?: function}
---@return grafana.bulk.Plan
function bulk.edit_dashboards(g, org, selection, f, options) end

---@param g grafana.Client
---@param org grafana.bulk.Org
---@param selection grafana.bulk.Selection
---@param tags string|string[]
---@param options? {journal?: string, on_progress?: function}
---@return grafana.bulk.Plan
function bulk.add_tags(g, org, selection, tags, options) end

---@param g grafana.Client
---@param org grafana.bulk.Org
---@param selection grafana.bulk.Selection
---@param tags string|string[]
---@param options? {journal?: string, on_progress?: function}
---@return grafana.bulk.Plan
function bulk.remove_tags(g, org, selection, tags, options) end

---@param g grafana.Client
---@param org grafana.bulk.Org
---@param selection grafana.bulk.Selection
---@param folder string
---@param options? {permissions?: "keep"|"inherit", journal?: string, on_progress?: function}
---@return grafana.bulk.Plan
function bulk.move_to_folder(g, org, selection, folder, options) end

---@param g grafana.Client
---@param org grafana.bulk.Org
---@param selection grafana.bulk.Selection|{folders: string[]}
---@param permissions {roles?: table<string, string|integer>, teams?: table<string, string|integer>, users?: table<string, string|integer>}
---@param options? {keep?: boolean, journal?: string, on_progress?: function}
---@return grafana.bulk.Plan
function bulk.set_permissions(g, org, selection, permissions, options) end

---@param g grafana.Client
---@param org grafana.bulk.Org
---@param selection grafana.bulk.Selection
---@param options? {max_deletes?: integer, journal?: string, on_progress?: function}
---@return grafana.bulk.Plan
function bulk.delete_dashboards(g, org, selection, options) end

---@param g grafana.Client
---@param list {login?: string, email?: string, name?: string, password?: string, orgs?: table<string|integer, string>, admin?: boolean}[]
---@param options? {org?: grafana.bulk.Org, role?: string, journal?: string, on_progress?: function, secret?: function}
---@return grafana.bulk.Plan
function bulk.create_users(g, list, options) end

---@param g grafana.Client
---@param org grafana.bulk.Org
---@param list {login?: string, email?: string, role: string}[]
---@param options? {journal?: string, on_progress?: function}
---@return grafana.bulk.Plan
function bulk.add_org_users(g, org, list, options) end

---@param g grafana.Client
---@param options? {orgs?: string[], on_progress?: function}
---@return grafana.bulk.Inventory
function bulk.inventory(g, options) end

---@param dir string
---@param g? grafana.Client
---@param options? grafana.bulk.ApplyOptions
---@return grafana.bulk.Plan?, grafana.Result?
function bulk.open(dir, g, options) end

---@param dir string
---@param g? grafana.Client
---@param options? grafana.bulk.ApplyOptions
---@return grafana.bulk.Report
function bulk.resume(dir, g, options) end

return bulk
