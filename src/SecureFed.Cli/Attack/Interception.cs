using Microsoft.AspNetCore.Http;

namespace SecureFed.Cli.Attack;

/// <summary>Stands in front of the real endpoints: reads what clients send, holds back, replaces or invents answers.</summary>
internal static class Interception
{
    public static async Task InvokeAsync(HttpContext context, RequestDelegate next, Scene scene)
    {
        if (Exchange.TryParse(context.Request) is not { } exchange || !scene.Concerns(exchange))
        {
            await next(context);
            return;
        }

        byte[] body = await ReadBodyAsync(context);
        try
        {
            Reply reply = await scene.ReplyAsync(exchange, body, () => AskAsync(context, next), context.RequestAborted);
            context.Response.StatusCode = reply.Status;
            context.Response.ContentType = reply.ContentType ?? context.Response.ContentType;
            context.Response.ContentLength = reply.Status is StatusCodes.Status304NotModified ? null : reply.Body.Length;
            if (reply.Body.Length > 0)
                await context.Response.Body.WriteAsync(reply.Body, context.RequestAborted);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has refused and gone.
        }
    }

    private static async Task<byte[]> ReadBodyAsync(HttpContext context)
    {
        using MemoryStream buffer = new();
        await context.Request.Body.CopyToAsync(buffer, context.RequestAborted);
        context.Request.Body = new MemoryStream(buffer.ToArray());
        return buffer.ToArray();
    }

    private static async Task<Reply> AskAsync(HttpContext context, RequestDelegate next)
    {
        Stream wire = context.Response.Body;
        using MemoryStream buffer = new();
        context.Response.Body = buffer;
        try
        {
            await next(context);
        }
        finally
        {
            context.Response.Body = wire;
        }

        return new Reply(context.Response.StatusCode, buffer.ToArray());
    }
}
