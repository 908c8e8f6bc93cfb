-- SPDX-License-Identifier: MIT
-- Made by scripts/generate.lua from the operation table: change that, then run `make generate`.
---@meta grafana

---@alias grafana.Status "ok"|"access-denied"|"not-found"|"already-exists"|"user-not-found"|"role-not-found"|"invalid-data"|"missing-mandatory-data"|"unknown-host"|"connection-refused"|"error"
---@alias grafana.Reason "timeout"|"deadline"|"tls"|"cut"|"invalid-json"|"not-grafana"|"too-large"|"redirect"|"rate-limited"|"unavailable"|"bad-credentials"|"forbidden"|"org-not-found"|"folder-not-found"|"version-mismatch"|"name-exists"|"uid-exists"|"unsupported"|"cancelled"|"closed"|"server-error"

---What every operation returns.
---@class grafana.Result
---@field status grafana.Status
---@field ok boolean whether `status` is "ok"
---@field message? string a sentence for a person, where it is not ok
---@field operation? string its name; of `call` that of the documented operation
---@field code? integer the HTTP status
---@field attempts? integer
---@field uncertain? boolean a write may have arrived, but no answer came
---@field reason? grafana.Reason

---A number by its digits.
---@class grafana.Number: userdata

---JSON's null.
---@class grafana.Null: lightuserdata

---The organisation of the credentials.
---@class grafana.Own: userdata

---@alias grafana.Integer integer|grafana.Number
---@alias grafana.Org grafana.Integer|grafana.Own|nil
---@alias grafana.Id grafana.Integer|string

---JSON that stays in C.
---@class grafana.Document: userdata
local Document = {}
---@param ... string|integer
---@return any
function Document:get(...) end
---@param ... string|integer
---@return fun(): any, any
function Document:each(...) end
---@param ... string|integer
---@return integer
function Document:len(...) end
---@param ... string|integer
---@return string
function Document:type(...) end
---@param value any
---@param ... string|integer
function Document:set(value, ...) end
---@param ... string|integer
function Document:remove(...) end
---@param visit fun(path: (string|integer)[], value: any)
function Document:walk(visit) end
---@return grafana.Document
function Document:copy() end
---@return any
function Document:table() end
---@param options? {pretty?: boolean, sorted?: boolean}
---@return string
function Document:text(options) end
---@param options? {doubles?: boolean}
---@return string
function Document:digest(options) end
---@param other grafana.Document
---@return boolean
function Document:equal(other) end
function Document:close() end

---@alias grafana.Object table|grafana.Document

---The name of an operation of Grafana's documented HTTP API.
---@alias grafana.ApiOperation "RouteConvertPrometheusCortexDeleteNamespace"|"RouteConvertPrometheusCortexDeleteRuleGroup"|"RouteConvertPrometheusCortexGetNamespace"|"RouteConvertPrometheusCortexGetRuleGroup"|"RouteConvertPrometheusCortexGetRules"|"RouteConvertPrometheusCortexPostRuleGroup"|"RouteConvertPrometheusCortexPostRuleGroups"|"RouteConvertPrometheusDeleteNamespace"|"RouteConvertPrometheusDeleteRuleGroup"|"RouteConvertPrometheusGetNamespace"|"RouteConvertPrometheusGetRuleGroup"|"RouteConvertPrometheusGetRules"|"RouteConvertPrometheusPostRuleGroup"|"RouteConvertPrometheusPostRuleGroups"|"RouteDeleteAlertRule"|"RouteDeleteAlertRuleGroup"|"RouteDeleteContactpoints"|"RouteDeleteMuteTiming"|"RouteDeleteTemplate"|"RouteExportMuteTiming"|"RouteExportMuteTimings"|"RouteGetAlertRule"|"RouteGetAlertRuleExport"|"RouteGetAlertRuleGroup"|"RouteGetAlertRuleGroupExport"|"RouteGetAlertRules"|"RouteGetAlertRulesExport"|"RouteGetContactpoints"|"RouteGetContactpointsExport"|"RouteGetMuteTiming"|"RouteGetMuteTimings"|"RouteGetPolicyTree"|"RouteGetPolicyTreeExport"|"RouteGetTemplate"|"RouteGetTemplates"|"RoutePostAlertRule"|"RoutePostContactpoints"|"RoutePostMuteTiming"|"RoutePutAlertRule"|"RoutePutAlertRuleGroup"|"RoutePutContactpoint"|"RoutePutMuteTiming"|"RoutePutPolicyTree"|"RoutePutTemplate"|"RouteResetPolicyTree"|"SearchDevices"|"addAPIkey"|"addDataSource"|"addOrgInvite"|"addOrgUser"|"addOrgUserToCurrentOrg"|"addTeamGroupApi"|"addTeamMember"|"addTeamRole"|"addUserRole"|"adminCreateUser"|"adminDeleteUser"|"adminDisableUser"|"adminEnableUser"|"adminGetSettings"|"adminGetStats"|"adminGetUserAuthTokens"|"adminLogoutUser"|"adminProvisioningReloadAccessControl"|"adminProvisioningReloadDashboards"|"adminProvisioningReloadDatasources"|"adminProvisioningReloadNotifications"|"adminProvisioningReloadPlugins"|"adminRevokeUserAuthToken"|"adminUpdateUserPassword"|"adminUpdateUserPermissions"|"calculateDashboardDiff"|"callDatasourceResourceByID"|"callDatasourceResourceWithUID"|"cancelSnapshot"|"changeUserPassword"|"checkDatasourceHealthByID"|"checkDatasourceHealthWithUID"|"cleanDataSourceCache"|"clearHelpFlags"|"createAlertNotificationChannel"|"createCloudMigrationToken"|"createCorrelation"|"createDashboardSnapshot"|"createFolder"|"createGroupMappings"|"createLibraryElement"|"createOrg"|"createPlaylist"|"createPublicDashboard"|"createQuery"|"createRecordingRule"|"createRecordingRuleWriteTarget"|"createReport"|"createRole"|"createServiceAccount"|"createSession"|"createSnapshot"|"createTeam"|"createToken"|"datasourceProxyDELETEByUIDcalls"|"datasourceProxyDELETEcalls"|"datasourceProxyGETByUIDcalls"|"datasourceProxyGETcalls"|"datasourceProxyPOSTByUIDcalls"|"datasourceProxyPOSTcalls"|"deleteAPIkey"|"deleteAlertNotificationChannel"|"deleteAlertNotificationChannelByUID"|"deleteAnnotationByID"|"deleteCloudMigrationToken"|"deleteCorrelation"|"deleteDashboardByUID"|"deleteDashboardSnapshot"|"deleteDashboardSnapshotByDeleteKey"|"deleteDataSourceByID"|"deleteDataSourceByName"|"deleteDataSourceByUID"|"deleteFolder"|"deleteGroupMappings"|"deleteLibraryElementByUID"|"deleteLicenseToken"|"deleteOrgByID"|"deletePlaylist"|"deletePublicDashboard"|"deleteQuery"|"deleteRecordingRule"|"deleteRecordingRuleWriteTarget"|"deleteReport"|"deleteRole"|"deleteServiceAccount"|"deleteSession"|"deleteTeamByID"|"deleteToken"|"disableDataSourceCache"|"enableDataSourceCache"|"getAPIkeys"|"getAccessControlStatus"|"getAlertByID"|"getAlertNotificationChannelByID"|"getAlertNotificationChannelByUID"|"getAlertNotificationChannels"|"getAlertNotificationLookup"|"getAlerts"|"getAnnotationByID"|"getAnnotationTags"|"getAnnotations"|"getCloudMigrationToken"|"getCorrelation"|"getCorrelations"|"getCorrelationsBySourceUID"|"getCurrentOrg"|"getCurrentOrgQuota"|"getCustomPermissionsCSV"|"getCustomPermissionsReport"|"getDashboardByUID"|"getDashboardPermissionsListByID"|"getDashboardPermissionsListByUID"|"getDashboardSnapshot"|"getDashboardStates"|"getDashboardTags"|"getDashboardVersionByID"|"getDashboardVersionByUID"|"getDashboardVersionsByID"|"getDashboardVersionsByUID"|"getDataSourceByID"|"getDataSourceByName"|"getDataSourceByUID"|"getDataSourceCacheConfig"|"getDataSourceIdByName"|"getDataSources"|"getFolderByID"|"getFolderByUID"|"getFolderDescendantCounts"|"getFolderPermissionList"|"getFolders"|"getGroupRoles"|"getHealth"|"getHomeDashboard"|"getLDAPStatus"|"getLibraryElementByName"|"getLibraryElementByUID"|"getLibraryElementConnections"|"getLibraryElements"|"getLicenseToken"|"getMappedGroups"|"getMetadata"|"getOrgByID"|"getOrgByName"|"getOrgPreferences"|"getOrgQuota"|"getOrgUsers"|"getOrgUsersForCurrentOrg"|"getOrgUsersForCurrentOrgLookup"|"getPendingOrgInvites"|"getPlaylist"|"getPlaylistDashboards"|"getPlaylistItems"|"getProviderSettings"|"getPublicAnnotations"|"getPublicDashboard"|"getRecordingRuleWriteTarget"|"getReport"|"getReportSettings"|"getReports"|"getReportsByDashboardUID"|"getResourceDependencies"|"getResourceDescription"|"getResourcePermissions"|"getRole"|"getRoleAssignments"|"getSAMLLogout"|"getSLO"|"getSession"|"getSessionList"|"getSettingsImage"|"getShapshotList"|"getSharingOptions"|"getSignedInUser"|"getSignedInUserOrgList"|"getSignedInUserTeamList"|"getSnapshot"|"getStatus"|"getSyncStatus"|"getTeamByID"|"getTeamGroupsApi"|"getTeamLBACRulesApi"|"getTeamMembers"|"getTeamPreferences"|"getUserAuthTokens"|"getUserByID"|"getUserByLoginOrEmail"|"getUserFromLDAP"|"getUserOrgList"|"getUserPreferences"|"getUserQuota"|"getUserQuotas"|"getUserTeams"|"importDashboard"|"interpolateDashboard"|"listAllProvidersSettings"|"listDevices"|"listPublicDashboards"|"listRecordingRules"|"listRoles"|"listSortOptions"|"listTeamRoles"|"listTeamsRoles"|"listTokens"|"listUserRoles"|"listUsersRoles"|"massDeleteAnnotations"|"migrateQueries"|"moveFolder"|"notificationChannelTest"|"patchAnnotation"|"patchOrgPreferences"|"patchProviderSettings"|"patchQueryComment"|"patchUserPreferences"|"pauseAlert"|"pauseAllAlerts"|"postACS"|"postAnnotation"|"postDashboard"|"postGraphiteAnnotation"|"postLicenseToken"|"postRenewLicenseToken"|"postSLO"|"postSyncUserWithLDAP"|"queryMetricsWithExpressions"|"queryPublicDashboard"|"refreshLicenseStats"|"reloadLDAPCfg"|"removeOrgUser"|"removeOrgUserForCurrentOrg"|"removeProviderSettings"|"removeTeamGroupApiQuery"|"removeTeamMember"|"removeTeamRole"|"removeUserRole"|"renderReportCSVs"|"renderReportPDFs"|"restoreDashboardVersionByID"|"restoreDashboardVersionByUID"|"retrieveJWKS"|"retrieveServiceAccount"|"revokeInvite"|"revokeUserAuthToken"|"saveReportSettings"|"search"|"searchDashboardSnapshots"|"searchOrgServiceAccountsWithPaging"|"searchOrgUsers"|"searchOrgs"|"searchPlaylists"|"searchQueries"|"searchResult"|"searchTeamGroups"|"searchTeams"|"searchUsers"|"searchUsersWithPaging"|"sendReport"|"sendTestEmail"|"setDataSourceCacheConfig"|"setHelpFlag"|"setResourcePermissions"|"setResourcePermissionsForBuiltInRole"|"setResourcePermissionsForTeam"|"setResourcePermissionsForUser"|"setRoleAssignments"|"setTeamMemberships"|"setTeamRoles"|"setUserRoles"|"starDashboard"|"starDashboardByUID"|"starQuery"|"testAlert"|"testCreateRecordingRule"|"trimDashboard"|"unstarDashboard"|"unstarDashboardByUID"|"unstarQuery"|"updateAlertNotificationChannel"|"updateAlertNotificationChannelByUID"|"updateAnnotation"|"updateCorrelation"|"updateCurrentOrg"|"updateCurrentOrgAddress"|"updateDashboardPermissionsByID"|"updateDashboardPermissionsByUID"|"updateDataSourceByID"|"updateDataSourceByUID"|"updateFolder"|"updateFolderPermissions"|"updateGroupMappings"|"updateLibraryElement"|"updateOrg"|"updateOrgAddress"|"updateOrgPreferences"|"updateOrgQuota"|"updateOrgUser"|"updateOrgUserForCurrentOrg"|"updatePlaylist"|"updateProviderSettings"|"updatePublicDashboard"|"updateRecordingRule"|"updateReport"|"updateRole"|"updateServiceAccount"|"updateSignedInUser"|"updateTeam"|"updateTeamLBACRulesApi"|"updateTeamMember"|"updateTeamPreferences"|"updateUser"|"updateUserEmail"|"updateUserPreferences"|"updateUserQuota"|"uploadSnapshot"|"userSetUsingOrg"|"viewPublicDashboard"

---The options that every operation takes.
---@class grafana.Options
---@field timeout? grafana.Integer milliseconds for one request
---@field deadline? grafana.Integer milliseconds for the whole call with its retries
---@field max_retries? grafana.Integer how often a request is sent again
---@field headers? grafana.Object further headers, name to value
---@field raw? boolean objects of the result come as documents that stay in C
---@field on_progress? grafana.OnProgress lists and fan-outs only: called with done, total, failed as it goes on
---@field page? grafana.Integer lists only: just this page, from 1
---@field perpage? grafana.Integer lists only: items on a page

---What `connect` takes.
---@class grafana.ConnectOptions
---@field timeout? integer ms for one request, 0: none; default: 5000
---@field connect_timeout? integer ms for connecting, 0: none; default: 2000
---@field deadline? integer ms for a whole call with its retries, 0: none; default: 0; with nginx's sockets 5000
---@field max_retries? integer how often one request is sent again at most; default: 10
---@field backoff_ms? number[] first delay, largest delay, multiplier; default: {500, 1000, 2.0}
---@field auth_method? "basic-auth"|"regular-login" "basic-auth", or "regular-login": log in once, then a session; default: "basic-auth"
---@field org? grafana.Integer|grafana.Own organisation where a call names none; default: none
---@field headers? table<string, string> sent with every request; default: {}
---@field ca_file? string PEM file of the authorities to trust; default: the system's
---@field ca_path? string folder with authorities to trust; default: the system's
---@field cert? string client certificate, a PEM file; default: none
---@field key? string key of the client certificate, a PEM file; default: in cert
---@field verify? boolean whether the server must prove who it is; default: true
---@field proxy? string address of a proxy, "": none; default: the environment's
---@field user_agent? string what the client calls itself; default: lua-grafana/…
---@field concurrency? integer requests on the wire at once; default: 8
---@field max_body? integer bytes of one answer; default: 64 MiB
---@field transport? "auto"|"curl"|"nginx"|grafana.Transport "curl", "nginx", "auto" (which is right here) or a function: help("transports"); default: "auto"
---@field blocking? boolean inside nginx: let libcurl stop the worker while it waits; default: false
---@field sleep? fun(seconds: number) with a function as transport: waits so many seconds, by yielding; default: blocks, but not inside nginx
---@field on_retry? fun(retry: grafana.Retry) called with {operation, attempt, delay_ms, status, reason}; default: none
---@field log? fun(line: string) called with one line for each call ended and each retry; default: none

---What a function as transport gets.
---@class grafana.Request
---@field method string
---@field url string
---@field headers table<string, string>
---@field body? string
---@field timeout? integer milliseconds
---@field connect_timeout? integer milliseconds

---What it returns; or nil, a reason, and whether the request may have been sent.
---@class grafana.Response
---@field code integer
---@field headers? table<string, string|string[]>|string[][]
---@field body? string

---@alias grafana.Transport fun(request: grafana.Request): grafana.Response?, string?, boolean?

---@class grafana.Retry
---@field operation string as in results
---@field attempt integer the one that failed
---@field delay_ms integer until the next
---@field status grafana.Status
---@field reason? grafana.Reason

---What shows a person how far something has come.
---@class grafana.Progress
---@overload fun(done: integer, total?: integer, failed?: integer)
local Progress = {}
---@param words? string
function Progress:finish(words) end
---@param line string
function Progress:print(line) end

---@class grafana.ProgressOptions
---@field label? string what stands before it
---@field interval? number seconds between two lines where it is no terminal; default: 5
---@field out? file*|fun(text: string) default: io.stderr
---@field width? integer columns of the line; default: those of the terminal
---@field ascii? boolean default: as LC_ALL, LC_CTYPE or LANG say
---@field terminal? boolean whether it draws one line in its place; default: where out is a terminal

---@alias grafana.OnProgress fun(done: integer, total: integer, failed: integer)|grafana.Progress

---What runs beside other tasks.
---@class grafana.Task
local Task = {}
---What its function returned; raises its error.
---@return any ...
function Task:wait() end
---Its call, and all later ones, end with the reason `cancelled`.
function Task:cancel() end

---@class grafana.GatherOptions
---@field concurrency? integer rows under way at once; default: the client's
---@field on_progress? grafana.OnProgress

---What Ctrl-C raises from `gather`.
---@class grafana.Interruption
---@field results table<integer, grafana.Result> of rows that had begun
---@field done integer
---@field failed integer
---@field total integer

---@class grafana
---@field _VERSION string
---@field own grafana.Own
---@field null grafana.Null
local grafana = {}
---@param url? string
---@param credentials? {[1]: string, [2]: string}|{token: string|fun(): string}
---@param options? grafana.ConnectOptions
---@return grafana.Client
function grafana.connect(url, credentials, options) end
---@generic T: grafana.Result
---@param r T
---@param ... grafana.Status
---@return T
function grafana.check(r, ...) end
---Calls `f(…)` in a task; returns when all tasks spawned in it have ended. Raises an error nobody has waited for.
---@param f fun(...: any): ...: any
---@param ... any
---@return any ... what `f` returned
function grafana.run(f, ...) end
---@param f fun(...: any): ...: any
---@param ... any
---@return grafana.Task
function grafana.spawn(f, ...) end
---Other tasks go on meanwhile.
---@param seconds number
function grafana.sleep(seconds) end
---@param g grafana.Client
---@param rows any[][] the name of an operation and its arguments
---@param options? grafana.GatherOptions
---@return grafana.Result[] in the order of the rows
function grafana.gather(g, rows, options) end
---@param options? grafana.ProgressOptions
---@return grafana.Progress
function grafana.progress(options) end
---@param word? string
---@return string
function grafana.help(word) end
---@generic T: table
---@param t T
---@return T
function grafana.array(t) end
---@generic T: table
---@param t T
---@return T
function grafana.object(t) end
---@param digits string|number
---@return grafana.Number
function grafana.number(digits) end
---@param value any
---@param ... string|integer
---@return any
function grafana.get(value, ...) end
---@param text string
---@param options? {raw?: boolean}
---@return any value
---@return string? message
function grafana.decode(text, options) end
---@param value any
---@param options? {pretty?: boolean, sorted?: boolean}
---@return string
function grafana.encode(value, options) end

---@class grafana.Client
local Client = {}
function Client:close() end
---@param word? string
---@return string
function Client:help(word) end

---@class grafana.result.add_current_org_user: grafana.Result
---@field id? grafana.Integer id of the user

---Make a user a member of the credentials' own organisation.
---@param login string login or email of the user
---@param role string|{role: string} "Viewer", "Editor" or "Admin", or {role = …}
---@param options? grafana.Options
---@return grafana.result.add_current_org_user
function Client:add_current_org_user(login, role, options) end

---@class grafana.result.add_datasource_permission: grafana.Result
---@field id? grafana.Integer id of the permission

---Let a user, a team or a role query or edit a data source.
---@param org grafana.Org id of the organisation, or grafana.own
---@param id grafana.Id id (a number) or uid (a string) of the data source
---@param item grafana.Object {userId, teamId or builtInRole; permission = "Query" (1) or "Edit" (2)}
---@param options? grafana.Options
---@return grafana.result.add_datasource_permission
function Client:add_datasource_permission(org, id, item, options) end

---@class grafana.result.add_org_user: grafana.Result
---@field id? grafana.Integer id of the user

---Make a user a member of an organisation.
---@param org grafana.Org id of the organisation, or grafana.own
---@param login string login or email of the user
---@param role string|{role: string} "Viewer", "Editor" or "Admin", or {role = …}
---@param options? grafana.Options
---@return grafana.result.add_org_user
function Client:add_org_user(org, login, role, options) end

---Put a member of the organisation into a team.
---@param org grafana.Org id of the organisation, or grafana.own
---@param team grafana.Id id (a number), or uid, else name (a string, even of digits)
---@param user grafana.Id id (a number), or login or email (a string), of a member of the organisation
---@param options? grafana.Options
---@return grafana.Result
function Client:add_team_member(org, team, user, options) end

---@class grafana.options.call: grafana.Options
---@field org? grafana.Org id of the organisation, or grafana.own
---@field provenance? boolean false: what is written to alerting stays editable in Grafana's own pages (X-Disable-Provenance)

---@class grafana.result.call: grafana.Result
---@field code? grafana.Integer the HTTP status
---@field headers? grafana.Object of the answer, by name in lower case; no cookies
---@field body? any the answer: any JSON value, a string where it is text, nil where there is none

---Call any operation of Grafana's documented HTTP API by its name there.
---@param name grafana.ApiOperation "getDashboardByUID", …: help("dashboard") finds names, help("getDashboardByUID") tells more
---@param params? grafana.Object by name, wherever they go: path, query or body; `body` is the whole body
---@param options? grafana.options.call
---@return grafana.result.call
function Client:call(name, params, options) end

---@class grafana.result.check_datasource: grafana.Result
---@field healthy? boolean it works
---@field detail? string what the check says

---Ask whether a data source works.
---@param org grafana.Org id of the organisation, or grafana.own
---@param id grafana.Id id (a number) or uid (a string) of the data source
---@param options? grafana.Options
---@return grafana.result.check_datasource
function Client:check_datasource(org, id, options) end

---@class grafana.result.create_datasource: grafana.Result
---@field id? grafana.Integer its id
---@field uid? string its uid
---@field datasource? grafana.Object as the server has it

---Create a data source.
---@param org grafana.Org id of the organisation, or grafana.own
---@param datasource grafana.Object {name, type, access, url, …}, sent as given
---@param options? grafana.Options
---@return grafana.result.create_datasource
function Client:create_datasource(org, datasource, options) end

---@class grafana.result.create_folder: grafana.Result
---@field id? grafana.Integer its id
---@field uid? string its uid
---@field folder? grafana.Object {id, uid, title, url, version, parentUid, …}

---Create a folder, at the root or inside the folder parentUid, which must be there.
---@param org grafana.Org id of the organisation, or grafana.own
---@param folder grafana.Object {title, uid, parentUid, description}, sent as given
---@param options? grafana.Options
---@return grafana.result.create_folder
function Client:create_folder(org, folder, options) end

---@class grafana.result.create_org: grafana.Result
---@field id? grafana.Integer its id

---Create an organisation.
---@param name string its name
---@param options? grafana.Options
---@return grafana.result.create_org
function Client:create_org(name, options) end

---@class grafana.result.create_service_account: grafana.Result
---@field id? grafana.Integer its id

---Create a service account.
---@param org grafana.Org id of the organisation, or grafana.own
---@param service_account grafana.Object {name, role}, sent as given; without a role it is a Viewer
---@param options? grafana.Options
---@return grafana.result.create_service_account
function Client:create_service_account(org, service_account, options) end

---@class grafana.result.create_team: grafana.Result
---@field id? grafana.Integer its id
---@field uid? string its uid, where the server has uids for teams

---Create a team. Who creates it becomes a member.
---@param org grafana.Org id of the organisation, or grafana.own
---@param team grafana.Object {name, email}, sent as given
---@param options? grafana.Options
---@return grafana.result.create_team
function Client:create_team(org, team, options) end

---@class grafana.result.create_token: grafana.Result
---@field id? grafana.Integer its id
---@field key? string the token itself, which nobody can read again

---Create a token of a service account.
---@param org grafana.Org id of the organisation, or grafana.own
---@param account grafana.Integer id of the service account
---@param token grafana.Object {name, secondsToLive}, sent as given; without secondsToLive it never expires
---@param options? grafana.Options
---@return grafana.result.create_token
function Client:create_token(org, account, token, options) end

---@class grafana.result.create_user: grafana.Result
---@field id? grafana.Integer its id

---Create a user.
---@param user grafana.Object {name, email, login, password, OrgId}, sent as given
---@param options? grafana.Options
---@return grafana.result.create_user
function Client:create_user(user, options) end

---Remove a member from the credentials' own organisation.
---@param user grafana.Id id (a number), or login or email (a string)
---@param options? grafana.Options
---@return grafana.Result
function Client:delete_current_org_user(user, options) end

---Delete a dashboard.
---@param org grafana.Org id of the organisation, or grafana.own
---@param uid string uid of the dashboard
---@param options? grafana.Options
---@return grafana.Result
function Client:delete_dashboard(org, uid, options) end

---Delete a data source.
---@param org grafana.Org id of the organisation, or grafana.own
---@param id grafana.Id id (a number) or uid (a string) of the data source
---@param options? grafana.Options
---@return grafana.Result
function Client:delete_datasource(org, id, options) end

---@class grafana.options.delete_folder: grafana.Options
---@field forceDeleteRules? boolean even when alert rules are inside, which go too

---Delete a folder and all that is inside.
---@param org grafana.Org id of the organisation, or grafana.own
---@param uid string uid of the folder
---@param options? grafana.options.delete_folder
---@return grafana.Result
function Client:delete_folder(org, uid, options) end

---Delete an organisation and all that is in it.
---@param id grafana.Integer id of the organisation
---@param options? grafana.Options
---@return grafana.Result
function Client:delete_org(id, options) end

---Remove a member from an organisation.
---@param org grafana.Org id of the organisation, or grafana.own
---@param user grafana.Id id (a number), or login or email (a string)
---@param options? grafana.Options
---@return grafana.Result
function Client:delete_org_user(org, user, options) end

---Delete a service account and its tokens.
---@param org grafana.Org id of the organisation, or grafana.own
---@param id grafana.Integer id of the service account
---@param options? grafana.Options
---@return grafana.Result
function Client:delete_service_account(org, id, options) end

---Delete a team.
---@param org grafana.Org id of the organisation, or grafana.own
---@param team grafana.Id id (a number), or uid, else name (a string, even of digits)
---@param options? grafana.Options
---@return grafana.Result
function Client:delete_team(org, team, options) end

---Take a user out of a team; who is not in it is user-not-found.
---@param org grafana.Org id of the organisation, or grafana.own
---@param team grafana.Id id (a number), or uid, else name (a string, even of digits)
---@param user grafana.Id id (a number), or login or email (a string)
---@param options? grafana.Options
---@return grafana.Result
function Client:delete_team_member(org, team, user, options) end

---Delete a token: it is accepted no more.
---@param org grafana.Org id of the organisation, or grafana.own
---@param account grafana.Integer id of the service account
---@param token grafana.Integer id of the token
---@param options? grafana.Options
---@return grafana.Result
function Client:delete_token(org, account, token, options) end

---Delete a user.
---@param user grafana.Id id (a number), or login or email (a string)
---@param options? grafana.Options
---@return grafana.Result
function Client:delete_user(user, options) end

---Remove all permissions of a data source and let everyone query it, where that can be switched.
---@param org grafana.Org id of the organisation, or grafana.own
---@param id grafana.Id id (a number) or uid (a string) of the data source
---@param options? grafana.Options
---@return grafana.Result
function Client:disable_datasource_permissions(org, id, options) end

---Let only those query a data source who have a permission, and admins; newer servers always do.
---@param org grafana.Org id of the organisation, or grafana.own
---@param id grafana.Id id (a number) or uid (a string) of the data source
---@param options? grafana.Options
---@return grafana.Result
function Client:enable_datasource_permissions(org, id, options) end

---@class grafana.result.get_current_org: grafana.Result
---@field org? grafana.Object {id, name, address}

---The credentials' own organisation.
---@param options? grafana.Options
---@return grafana.result.get_current_org
function Client:get_current_org(options) end

---@class grafana.options.get_current_org_users: grafana.Options
---@field query? string only users whose login, email or name contains this

---@class grafana.result.get_current_org_users: grafana.Result
---@field users? grafana.Object[] {userId, login, email, name, role, …}

---The members of the credentials' own organisation.
---@param options? grafana.options.get_current_org_users
---@return grafana.result.get_current_org_users
function Client:get_current_org_users(options) end

---@class grafana.result.get_current_user: grafana.Result
---@field user? grafana.Object {id, login, email, name, isGrafanaAdmin, …}

---Who the credentials belong to.
---@param options? grafana.Options
---@return grafana.result.get_current_user
function Client:get_current_user(options) end

---@class grafana.result.get_current_user_orgs: grafana.Result
---@field orgs? grafana.Object[] {orgId, name, role}

---The organisations that the credentials may enter.
---@param options? grafana.Options
---@return grafana.result.get_current_user_orgs
function Client:get_current_user_orgs(options) end

---@class grafana.result.get_dashboard: grafana.Result
---@field dashboard? grafana.Object the dashboard
---@field meta? grafana.Object its folder, url, version, rights, …

---Read a dashboard.
---@param org grafana.Org id of the organisation, or grafana.own
---@param uid string uid of the dashboard
---@param options? grafana.Options
---@return grafana.result.get_dashboard
function Client:get_dashboard(org, uid, options) end

---@class grafana.options.get_dashboard_panels: grafana.Options
---@field rows? boolean list the rows themselves too

---@class grafana.result.get_dashboard_panels: grafana.Result
---@field panels? grafana.Object[] rows {id, title, type, ds_url, ds_id, dashboard_title}

---The panels of one dashboard (get_ds_panels by another name).
---@param org grafana.Org id of the organisation, or grafana.own
---@param uid string uid of the dashboard
---@param options? grafana.options.get_dashboard_panels
---@return grafana.result.get_dashboard_panels
function Client:get_dashboard_panels(org, uid, options) end

---@class grafana.result.get_dashboard_permissions: grafana.Result
---@field permissions? grafana.Object[] {role or teamId or userId, permission, permissionName, inherited, …}

---Who may do what with a dashboard.
---@param org grafana.Org id of the organisation, or grafana.own
---@param dashboard grafana.Id uid (a string) or id (a number) of the dashboard; -1: those by default
---@param options? grafana.Options
---@return grafana.result.get_dashboard_permissions
function Client:get_dashboard_permissions(org, dashboard, options) end

---@class grafana.result.get_dashboard_versions: grafana.Result
---@field versions? grafana.Object[] {version, created, createdBy, message, …}

---The versions of a dashboard, newest first.
---@param org grafana.Org id of the organisation, or grafana.own
---@param uid string uid of the dashboard
---@param options? grafana.Options
---@return grafana.result.get_dashboard_versions
function Client:get_dashboard_versions(org, uid, options) end

---@class grafana.result.get_dashboards_with_tag: grafana.Result
---@field dashboards? grafana.Object[] {uid, title, url, …}

---The dashboards that have a tag, or all of several tags.
---@param org grafana.Org id of the organisation, or grafana.own
---@param tag string|string[]|grafana.Document a tag, or a list of tags
---@param options? grafana.Options
---@return grafana.result.get_dashboards_with_tag
function Client:get_dashboards_with_tag(org, tag, options) end

---@class grafana.result.get_datasource: grafana.Result
---@field datasource? grafana.Object the data source, without its secrets

---Read a data source.
---@param org grafana.Org id of the organisation, or grafana.own
---@param id grafana.Id id (a number) or uid (a string) of the data source
---@param options? grafana.Options
---@return grafana.result.get_datasource
function Client:get_datasource(org, id, options) end

---@class grafana.result.get_datasource_permissions: grafana.Result
---@field enabled? boolean permissions count; always true on newer servers
---@field permissions? grafana.Object[] {id, userId, teamId or builtInRole, permission, …}, as the server has them

---Who may query or edit a data source; unsupported where the server has no such permissions.
---@param org grafana.Org id of the organisation, or grafana.own
---@param id grafana.Id id (a number) or uid (a string) of the data source
---@param options? grafana.Options
---@return grafana.result.get_datasource_permissions
function Client:get_datasource_permissions(org, id, options) end

---@class grafana.result.get_datasources: grafana.Result
---@field datasources? grafana.Object[] {id, uid, name, type, url, …}

---The data sources of an organisation.
---@param org grafana.Org id of the organisation, or grafana.own
---@param options? grafana.Options
---@return grafana.result.get_datasources
function Client:get_datasources(org, options) end

---@class grafana.options.get_ds_panels: grafana.Options
---@field rows? boolean list the rows themselves too

---@class grafana.result.get_ds_panels: grafana.Result
---@field panels? grafana.Object[] rows {id, title, type, ds_url, ds_id, dashboard_title}

---The panels of one dashboard.
---@param org grafana.Org id of the organisation, or grafana.own
---@param uid string uid of the dashboard
---@param options? grafana.options.get_ds_panels
---@return grafana.result.get_ds_panels
function Client:get_ds_panels(org, uid, options) end

---@class grafana.result.get_folder: grafana.Result
---@field folder? grafana.Object {id, uid, title, url, version, parentUid, …}

---Read a folder.
---@param org grafana.Org id of the organisation, or grafana.own
---@param uid string uid of the folder
---@param options? grafana.Options
---@return grafana.result.get_folder
function Client:get_folder(org, uid, options) end

---@class grafana.result.get_folder_permissions: grafana.Result
---@field permissions? grafana.Object[] {role or teamId or userId, permission, permissionName, inherited, …}

---Who may do what with a folder.
---@param org grafana.Org id of the organisation, or grafana.own
---@param uid string uid of the folder
---@param options? grafana.Options
---@return grafana.result.get_folder_permissions
function Client:get_folder_permissions(org, uid, options) end

---@class grafana.options.get_folders: grafana.Options
---@field parentUid? string only those directly inside this folder; "": only those at the root

---@class grafana.result.get_folders: grafana.Result
---@field folders? grafana.Object[] rows {id, uid, title, parentUid (not at the root), url}

---The folders of an organisation, of all levels, or those directly inside one.
---@param org grafana.Org id of the organisation, or grafana.own
---@param options? grafana.options.get_folders
---@return grafana.result.get_folders
function Client:get_folders(org, options) end

---@class grafana.result.get_org: grafana.Result
---@field org? grafana.Object {id, name, address}

---One organisation, by id or by name.
---@param id grafana.Id id (a number) or name (a string)
---@param options? grafana.Options
---@return grafana.result.get_org
function Client:get_org(id, options) end

---@class grafana.options.get_org_dashboards: grafana.Options
---@field rows? boolean list the rows themselves too

---@class grafana.result.get_org_dashboards: grafana.Result
---@field dashboards? grafana.Object[] {uid, title, url, panels}
---@field failed? grafana.Object[] {uid, status, message} of those that could not be read

---All dashboards of an organisation with their panels.
---@param org grafana.Org id of the organisation, or grafana.own
---@param options? grafana.options.get_org_dashboards
---@return grafana.result.get_org_dashboards
function Client:get_org_dashboards(org, options) end

---@class grafana.options.get_org_panels: grafana.Options
---@field rows? boolean list the rows themselves too

---@class grafana.result.get_org_panels: grafana.Result
---@field panels? grafana.Object[] rows {id, title, type, ds_url, ds_id, dashboard_title}
---@field failed? grafana.Object[] {uid, status, message} of dashboards that could not be read

---All panels of all dashboards of an organisation.
---@param org grafana.Org id of the organisation, or grafana.own
---@param options? grafana.options.get_org_panels
---@return grafana.result.get_org_panels
function Client:get_org_panels(org, options) end

---@class grafana.options.get_org_users: grafana.Options
---@field query? string only users whose login, email or name contains this

---@class grafana.result.get_org_users: grafana.Result
---@field users? grafana.Object[] {userId, login, email, name, role, …}

---The members of an organisation.
---@param org grafana.Org id of the organisation, or grafana.own
---@param options? grafana.options.get_org_users
---@return grafana.result.get_org_users
function Client:get_org_users(org, options) end

---@class grafana.options.get_orgs: grafana.Options
---@field query? string only those whose name contains this
---@field name? string only the one of this name

---@class grafana.result.get_orgs: grafana.Result
---@field orgs? grafana.Object[] {id, name}

---All organisations.
---@param options? grafana.options.get_orgs
---@return grafana.result.get_orgs
function Client:get_orgs(options) end

---@class grafana.options.get_service_accounts: grafana.Options
---@field query? string only those whose name or login contains this

---@class grafana.result.get_service_accounts: grafana.Result
---@field service_accounts? grafana.Object[] {id, name, login, role, isDisabled, tokens, …}

---The service accounts of an organisation.
---@param org grafana.Org id of the organisation, or grafana.own
---@param options? grafana.options.get_service_accounts
---@return grafana.result.get_service_accounts
function Client:get_service_accounts(org, options) end

---@class grafana.result.get_team: grafana.Result
---@field team? grafana.Object {id, uid, name, email, memberCount, …}

---One team, by id, uid or name.
---@param org grafana.Org id of the organisation, or grafana.own
---@param team grafana.Id id (a number), or uid, else name (a string, even of digits)
---@param options? grafana.Options
---@return grafana.result.get_team
function Client:get_team(org, team, options) end

---@class grafana.result.get_team_members: grafana.Result
---@field members? grafana.Object[] {userId, login, email, name, permission, …}

---The members of a team.
---@param org grafana.Org id of the organisation, or grafana.own
---@param team grafana.Id id (a number), or uid, else name (a string, even of digits)
---@param options? grafana.Options
---@return grafana.result.get_team_members
function Client:get_team_members(org, team, options) end

---@class grafana.options.get_teams: grafana.Options
---@field query? string only those whose name contains this
---@field name? string only the one of this name

---@class grafana.result.get_teams: grafana.Result
---@field teams? grafana.Object[] {id, uid, name, email, memberCount, …}

---The teams of an organisation.
---@param org grafana.Org id of the organisation, or grafana.own
---@param options? grafana.options.get_teams
---@return grafana.result.get_teams
function Client:get_teams(org, options) end

---@class grafana.result.get_tokens: grafana.Result
---@field tokens? grafana.Object[] {id, name, created, expiration, hasExpired, lastUsedAt, …}

---The tokens of a service account, without their keys.
---@param org grafana.Org id of the organisation, or grafana.own
---@param account grafana.Integer id of the service account
---@param options? grafana.Options
---@return grafana.result.get_tokens
function Client:get_tokens(org, account, options) end

---@class grafana.result.get_user: grafana.Result
---@field user? grafana.Object {id, login, email, name, isGrafanaAdmin, …}

---One user, by id, login or email.
---@param user grafana.Id id (a number), or login or email (a string)
---@param options? grafana.Options
---@return grafana.result.get_user
function Client:get_user(user, options) end

---@class grafana.result.get_user_orgs: grafana.Result
---@field orgs? grafana.Object[] {orgId, name, role}

---The organisations of a user.
---@param user grafana.Id id (a number), or login or email (a string)
---@param options? grafana.Options
---@return grafana.result.get_user_orgs
function Client:get_user_orgs(user, options) end

---@class grafana.options.get_users: grafana.Options
---@field query? string only those whose login, email or name contains this

---@class grafana.result.get_users: grafana.Result
---@field users? grafana.Object[] {id, login, email, name, isAdmin, …}

---All users of the server.
---@param options? grafana.options.get_users
---@return grafana.result.get_users
function Client:get_users(options) end

---@class grafana.options.grant_dashboard_permissions: grafana.Options
---@field keep? boolean add to the permissions that are there, instead of replacing them

---@class grafana.result.grant_dashboard_permissions: grafana.Result
---@field granted? grafana.Object[] what they have now: {role or teamId, team or userId, user; permission}
---@field skipped? grafana.Object[] {kind, name} of teams and users that are not known

---Give permissions for a dashboard to roles, teams and users by their names.
---@param org grafana.Org id of the organisation, or grafana.own
---@param dashboard grafana.Id uid (a string) or id (a number) of the dashboard; -1: those by default
---@param grants grafana.Object {roles, teams, users}, in each names with "View", "Edit" or "Admin"; users by login or email
---@param options? grafana.options.grant_dashboard_permissions
---@return grafana.result.grant_dashboard_permissions
function Client:grant_dashboard_permissions(org, dashboard, grants, options) end

---@class grafana.options.grant_folder_permissions: grafana.Options
---@field keep? boolean add to the permissions that are there, instead of replacing them

---@class grafana.result.grant_folder_permissions: grafana.Result
---@field granted? grafana.Object[] what they have now: {role or teamId, team or userId, user; permission}
---@field skipped? grafana.Object[] {kind, name} of teams and users that are not known

---Give permissions for a folder to roles, teams and users by their names.
---@param org grafana.Org id of the organisation, or grafana.own
---@param uid string uid of the folder
---@param grants grafana.Object {roles, teams, users}, in each names with "View", "Edit" or "Admin"; users by login or email
---@param options? grafana.options.grant_folder_permissions
---@return grafana.result.grant_folder_permissions
function Client:grant_folder_permissions(org, uid, grants, options) end

---@class grafana.result.health: grafana.Result
---@field health? grafana.Object {database, version, commit}

---What the server says of its own health.
---@param options? grafana.Options
---@return grafana.result.health
function Client:health(options) end

---@class grafana.options.lookup_current_org_users: grafana.Options
---@field query? string only those whose login, email or name contains this
---@field limit? grafana.Integer at most so many

---@class grafana.result.lookup_current_org_users: grafana.Result
---@field users? grafana.Object[] {userId, login, avatarUrl}

---The members of the credentials' own organisation, as few fields as an editor may see.
---@param options? grafana.options.lookup_current_org_users
---@return grafana.result.lookup_current_org_users
function Client:lookup_current_org_users(options) end

---@class grafana.result.move_folder: grafana.Result
---@field folder? grafana.Object {id, uid, title, url, version, parentUid, …}

---Move a folder into another, or to the root.
---@param org grafana.Org id of the organisation, or grafana.own
---@param uid string uid of the folder
---@param parent string|grafana.Null uid of the folder to move it into; grafana.null is the root
---@param options? grafana.Options
---@return grafana.result.move_folder
function Client:move_folder(org, uid, parent, options) end

---Remove a permission of a data source.
---@param org grafana.Org id of the organisation, or grafana.own
---@param id grafana.Id id (a number) or uid (a string) of the data source
---@param permission grafana.Integer id of the permission
---@param options? grafana.Options
---@return grafana.Result
function Client:remove_datasource_permission(org, id, permission, options) end

---@class grafana.options.request: grafana.Options
---@field query? grafana.Object values by name: a string, a number, a boolean, or a list of those, sent once for each
---@field body? string|grafana.Object sent as JSON; a string is sent as it is (the option headers can name another Content-Type)
---@field org? grafana.Org id of the organisation, or grafana.own
---@field provenance? boolean false: what is written to alerting stays editable in Grafana's own pages (X-Disable-Provenance)

---@class grafana.result.request: grafana.Result
---@field code? grafana.Integer the HTTP status
---@field headers? grafana.Object of the answer, by name in lower case; no cookies
---@field body? any the answer: any JSON value, a string where it is text, nil where there is none

---Send any request below /api or /apis.
---@param method string "GET", "POST", "PUT", "PATCH", "DELETE" or "HEAD"
---@param path string "/api/org", below the client's url; names in it percent-encoded
---@param options? grafana.options.request
---@return grafana.result.request
function Client:request(method, path, options) end

---@class grafana.result.restore_dashboard_version: grafana.Result
---@field version? grafana.Integer the new version

---Make an old version of a dashboard the newest.
---@param org grafana.Org id of the organisation, or grafana.own
---@param uid string uid of the dashboard
---@param version grafana.Integer the version to restore
---@param options? grafana.Options
---@return grafana.result.restore_dashboard_version
function Client:restore_dashboard_version(org, uid, version, options) end

---@class grafana.options.search: grafana.Options
---@field query? string words of the title
---@field tag? string|string[]|grafana.Document a tag, or several that must all be there
---@field type? string "dash-db" or "dash-folder"
---@field folderUIDs? string|string[]|grafana.Document only inside these folders; "general" is the root
---@field dashboardUIDs? string|string[]|grafana.Document only these
---@field starred? boolean only those that the user has starred
---@field deleted? boolean those in the trash, where the server has one
---@field sort? string "alpha-asc", "alpha-desc", …

---@class grafana.result.search: grafana.Result
---@field hits? grafana.Object[] {uid, title, url, type, tags, folderUid, …}

---Search dashboards and folders.
---@param org grafana.Org id of the organisation, or grafana.own
---@param options? grafana.options.search
---@return grafana.result.search
function Client:search(org, options) end

---Give or take a user the rights of a server admin.
---@param user grafana.Id id (a number), or login or email (a string)
---@param admin boolean server admin or not
---@param options? grafana.Options
---@return grafana.Result
function Client:set_user_admin(user, admin, options) end

---Set a user's password.
---@param user grafana.Id id (a number), or login or email (a string)
---@param password string the new password
---@param options? grafana.Options
---@return grafana.Result
function Client:set_user_password(user, password, options) end

---Rename the credentials' own organisation.
---@param name string its new name
---@param options? grafana.Options
---@return grafana.Result
function Client:update_current_org(name, options) end

---Change a member's role in the credentials' own organisation.
---@param user grafana.Id id (a number), or login or email (a string)
---@param role string|{role: string} "Viewer", "Editor" or "Admin", or {role = …}
---@param options? grafana.Options
---@return grafana.Result
function Client:update_current_org_user(user, role, options) end

---Replace all permissions of a dashboard; no items take all away.
---@param org grafana.Org id of the organisation, or grafana.own
---@param dashboard grafana.Id uid (a string) or id (a number) of the dashboard; -1: those by default
---@param items grafana.Object {role or teamId or userId, permission = 1 (View), 2 (Edit) or 4 (Admin)}
---@param options? grafana.Options
---@return grafana.Result
function Client:update_dashboard_permissions(org, dashboard, items, options) end

---@class grafana.result.update_datasource: grafana.Result
---@field datasource? grafana.Object as the server has it now

---Change some keys of a data source; the rest and the secrets stay.
---@param org grafana.Org id of the organisation, or grafana.own
---@param id grafana.Id id (a number) or uid (a string) of the data source
---@param changes grafana.Object merged as RFC 7396 says: objects deep, lists replaced, grafana.null removes
---@param options? grafana.Options
---@return grafana.result.update_datasource
function Client:update_datasource(org, id, changes, options) end

---@class grafana.result.update_folder: grafana.Result
---@field folder? grafana.Object {id, uid, title, url, version, parentUid, …}

---Change a folder's title or description, unless somebody else has changed it meanwhile.
---@param org grafana.Org id of the organisation, or grafana.own
---@param uid string uid of the folder
---@param changes grafana.Object {title, description, version, overwrite}; what is not named stays
---@param options? grafana.Options
---@return grafana.result.update_folder
function Client:update_folder(org, uid, changes, options) end

---Replace all permissions of a folder; no items take all away.
---@param org grafana.Org id of the organisation, or grafana.own
---@param uid string uid of the folder
---@param items grafana.Object {role or teamId or userId, permission = 1 (View), 2 (Edit) or 4 (Admin)}
---@param options? grafana.Options
---@return grafana.Result
function Client:update_folder_permissions(org, uid, items, options) end

---@class grafana.options.update_or_create_dashboard: grafana.Options
---@field folderUid? string the folder; "" is the root
---@field folderId? grafana.Integer the folder by its id; 0 is the root
---@field overwrite? boolean whatever version is there
---@field message? string what has changed, for the list of versions
---@field refresh? boolean sent as given

---@class grafana.result.update_or_create_dashboard: grafana.Result
---@field id? grafana.Integer its id
---@field uid? string its uid
---@field version? grafana.Integer its version now
---@field url? string its url, from the server's root
---@field slug? string its title as in the url

---Create a dashboard, or change the one of the same uid, which stays in its folder unless one is given.
---@param org grafana.Org id of the organisation, or grafana.own
---@param dashboard grafana.Object the dashboard
---@param options? grafana.options.update_or_create_dashboard
---@return grafana.result.update_or_create_dashboard
function Client:update_or_create_dashboard(org, dashboard, options) end

---Rename an organisation.
---@param id grafana.Integer id of the organisation
---@param name string its new name
---@param options? grafana.Options
---@return grafana.Result
function Client:update_org(id, name, options) end

---Change a member's role in an organisation.
---@param org grafana.Org id of the organisation, or grafana.own
---@param user grafana.Id id (a number), or login or email (a string)
---@param role string|{role: string} "Viewer", "Editor" or "Admin", or {role = …}
---@param options? grafana.Options
---@return grafana.Result
function Client:update_org_user(org, user, role, options) end

---Change a team's name or email; what is not named stays.
---@param org grafana.Org id of the organisation, or grafana.own
---@param team grafana.Id id (a number), or uid, else name (a string, even of digits)
---@param changes grafana.Object {name, email}; grafana.null takes the email away
---@param options? grafana.Options
---@return grafana.Result
function Client:update_team(org, team, changes, options) end

---Change a user's name, email or login.
---@param user grafana.Id id (a number), or login or email (a string)
---@param changes grafana.Object {name, email, login}; login or email must be there, and what is not named stays
---@param options? grafana.Options
---@return grafana.Result
function Client:update_user(user, changes, options) end

---@class grafana.result.version: grafana.Result
---@field version? string "12.4.3"

---The server's version, which is read once.
---@param options? grafana.Options
---@return grafana.result.version
function Client:version(options) end

return grafana
