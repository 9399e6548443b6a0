using SecureFed.Server.Tasks;

namespace SecureFed.Server.Http;

/// <summary>Before a request is answered that names a task or round which another replica may have announced a moment ago: waits until this one has heard of it, or has had the time to.</summary>
internal static class ReplicaLag
{
    public static async ValueTask<object?> WaitAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        HttpContext http = context.HttpContext;
        await http.RequestServices.GetRequiredService<TaskRegistry>().CatchUpAsync(http.Request.RouteValues["task"] as string, http.Request.RouteValues["round"] as string, http.RequestAborted);
        return await next(context);
    }
}
